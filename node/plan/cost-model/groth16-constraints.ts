import { intsAttribute } from '../../model/attributes.ts';
/**
 * Rank-one constraints of Tessera's own circuits before calibration: with fixed weights a linear layer is free, and
 * rescaling, signs, comparisons and edges cost. Calibration settles the widths; here they are the default ones.
 */
import type { Model, ModelNode } from '../../model/model.ts';
import { shapeOf, sizeOf } from '../../model/tensor-type.ts';
import { defaultQuantiseOptions, portConstraints } from '../../provers/circuit/index.ts';
import { innerLength, outputSize } from './node-sizes.ts';

/** What is known of a tensor's integers. */
interface Width {
  /** Bits of a magnitude. */
  bits: number;
  signed: boolean;
  /** Fractional bits that rescaling will take away; it is put off until an operator asks for activations. */
  excess: number;
  /** Whether a ReLU is put off until then, too. */
  rectify: boolean;
}

const { activationBits, weightBits, inputBits, outputBits, headroomBits } = defaultQuantiseOptions;
const activation: Width = {
  bits: activationBits + headroomBits,
  signed: true,
  excess: 0,
  rectify: false,
};
/** Bits that products of activations and weights grow by when they are summed: calibrated ranges stay below the worst case. */
const growthOfSums = 3;
/** Bits that weights usually stay below those they may have, because activations would not show them. */
const unseenBits = 2;
/** Fractional bits of slopes and of reciprocals: those of `lower/activation.ts` and `lower/pooling.ts`. */
const slopeBits = 8;
const reciprocalBits = 12;

/** A tensor as it is before an operator asks for activations, and the constraints of bringing it there. */
function settle(
  width: Width,
  elements: number,
  bits = activation.bits,
): { width: Width; constraints: number } {
  const { excess, rectify, signed } = width;
  if (excess === 0 && !rectify) return { width, constraints: 0 };
  const signs = signed ? 1 : 0;
  return {
    width: { ...activation, signed: signed && !rectify, bits },
    constraints: elements * (excess + bits + signs),
  };
}

const sum = (inner: number): Width => {
  const bits = activationBits + weightBits + (inner > 1 ? growthOfSums - unseenBits : 0);
  return { bits, signed: true, excess: bits - activation.bits, rectify: false };
};

/** max(x − c, 0) of activations. */
const excessOver = activation.bits + 1;

/** Comparisons of a pooling that takes maxima along one axis after the other. */
function comparisons(model: Model, node: ModelNode): number {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const before = [...shapeOf(model, node.inputs[0])];
  const after = shapeOf(model, node.outputs[0]);
  return kernel.reduce((total, side, axis) => {
    before[axis + 2] = after[axis + 2] ?? 1;
    return total + before.reduce((product, size) => product * size, 1) * (side - 1);
  }, 0);
}

const moves: ReadonlySet<string> = new Set([
  ...['Concat', 'Flatten', 'Identity', 'Pad', 'Reshape', 'Resize', 'Slice', 'Split', 'Squeeze', 'Transpose'],
  'Unsqueeze',
]);

/** What a node's outputs are, and what it adds, when its inputs are of these widths. */
function lower(model: Model, node: ModelNode, first: Width): { width: Width; constraints: number } {
  const outputs = outputSize(model, node);
  switch (node.operator) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      return { width: sum(innerLength(model, node)), constraints: 0 };
    case 'Relu':
      return { width: { ...first, rectify: first.signed }, constraints: 0 };
    case 'MaxPool':
      return { width: first, constraints: comparisons(model, node) * (first.bits + 1) };
    case 'Clip':
      return { width: { ...first, signed: false }, constraints: outputs * excessOver * 2 };
    case 'LeakyRelu':
    case 'PRelu':
      return {
        width: { bits: first.bits + slopeBits, signed: true, excess: slopeBits, rectify: false },
        constraints: outputs * excessOver,
      };
    case 'Mul': {
      const tensors = node.inputs.every((name) => model.types.has(name));
      return { width: sum(1), constraints: tensors ? outputs : 0 };
    }
    case 'AveragePool':
    case 'GlobalAveragePool':
    case 'ReduceMean':
      return {
        width: { ...first, bits: first.bits + reciprocalBits, excess: first.excess + reciprocalBits },
        constraints: 0,
      };
    default:
      return { width: first, constraints: 0 };
  }
}

/** Operators that read sums and leave rescaling to a later one. */
const readsSums: ReadonlySet<string> = new Set(['Add', 'MaxPool', 'Relu', 'Sub', ...moves]);

/** Rank-one constraints that each node will cost, in the model's order, and those of the model's committed boundary. */
export interface Groth16Estimate {
  nodes: readonly number[];
  boundary: number;
  total: number;
}

/**
 * Estimates a segment's constraints without calibration. Rescaling counts for the node whose output is rescaled, and that
 * of the inputs for the boundary. What a node outside the supported operators costs is not known, and counts as nothing.
 */
export function groth16Constraints(model: Model): Groth16Estimate {
  const widths = new Map<string, Width>();
  const producer = new Map<string, number>();
  const nodes = model.nodes.map(() => 0);
  for (const name of model.inputs)
    widths.set(name, { ...activation, bits: inputBits, excess: Math.max(0, inputBits - activationBits) });
  let inputs = 0;

  const settled = (name: string, bits?: number): Width => {
    const width = widths.get(name) ?? activation;
    const { width: result, constraints } = settle(width, sizeOf(model, name), bits);
    const index = producer.get(name);
    if (index === undefined) inputs += constraints;
    else nodes[index] = (nodes[index] ?? 0) + constraints;
    widths.set(name, result);
    return result;
  };

  model.nodes.forEach((node, index) => {
    const computed = node.inputs.filter((name) => model.types.has(name));
    const read = computed.map((name) =>
      readsSums.has(node.operator) ? (widths.get(name) ?? activation) : settled(name),
    );
    const [first = activation] = read;
    const widest = read.reduce((most, width) => (width.bits > most.bits ? width : most), first);
    const { width, constraints } = lower(model, node, widest);
    nodes[index] = (nodes[index] ?? 0) + constraints;
    // Moving values costs nothing: their rescaling counts for what computed them.
    const origin = moves.has(node.operator) ? producer.get(computed[0] ?? '') : index;
    for (const name of node.outputs) {
      widths.set(name, width);
      if (origin !== undefined) producer.set(name, origin);
    }
  });
  for (const name of model.outputs) {
    const width = widths.get(name);
    // An output keeps more bits than an activation.
    if (width !== undefined && (width.rectify || width.bits > outputBits + headroomBits))
      settled(name, outputBits);
  }
  const boundary = inputs + edgeConstraints(model);
  return { nodes, boundary, total: nodes.reduce((total, node) => total + node, boundary) };
}

/** Range checks of the inputs and the commitments of both sides. */
function edgeConstraints(model: Model): number {
  const port = (bits: number, signed: boolean) => ({
    lo: signed ? -(2 ** bits) : 0,
    hi: 2 ** bits - 1,
    binding: { scheme: 'poseidon2', domain: 0n, blinded: false } as const,
  });
  const inputs = model.inputs.map((name) =>
    portConstraints(port(inputBits, false), 'input', sizeOf(model, name)),
  );
  const outputs = model.outputs.map((name) =>
    portConstraints(port(outputBits, true), 'output', sizeOf(model, name)),
  );
  return [...inputs, ...outputs].reduce((total, constraints) => total + constraints, 0);
}
