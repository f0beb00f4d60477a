import { validate } from '../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedModel, QuantisedNode } from '../../../protocol/arithmetic/model.ts';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { elementCount } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { Construction } from './construction.ts';
import { affineRows } from './gadgets/affine.ts';
import { constrainCommitment } from './gadgets/commitment.ts';
import { constrainContext } from './gadgets/context.ts';
import { convolutionRows } from './gadgets/convolution.ts';
import { constrainInterval } from './gadgets/interval.ts';
import { matrixRows } from './gadgets/matrix.ts';
import { constrainMaximum } from './gadgets/maximum.ts';
import { constrainProduct } from './gadgets/product.ts';
import { rearrangeRows } from './gadgets/rearrange.ts';
import { constrainRequantise } from './gadgets/requantise.ts';
import { windowSumRows } from './gadgets/window-sum.ts';
import { ConstraintWriter } from './language/constraint-writer.ts';
import { combine, wireOf } from './language/linear.ts';
import type { Layout, PortRef, PublicInput } from './layout.ts';
import { wireTensor } from './linear-tensor.ts';
import type { CircuitPort, CircuitPorts } from './ports.ts';

/** The public wire of the context. */
const CONTEXT_WIRE = 1;

/** Terms above which a sum's operand gets wires: sums of sums of the same tensor would double them without end. */
const MAX_OPERAND_TERMS = 2 ** 16;

/** A model as constraints. */
export interface CompiledCircuit {
  model: QuantisedModel;
  ports: CircuitPorts;
  /** The constraint system, in the binary form of FORMAT.md. */
  constraints: Uint8Array;
  layout: Layout;
}

function tensorOf(model: QuantisedModel, name: string): QuantisedTensor {
  return model.tensors.get(name) as QuantisedTensor;
}

function checkPorts(model: QuantisedModel, ports: CircuitPorts): void {
  if (ports.inputs.length !== model.inputs.length || ports.outputs.length !== model.outputs.length) {
    throw new TesseraError('USAGE', {
      message: `The model has ${model.inputs.length} inputs and ${model.outputs.length} outputs, but ${ports.inputs.length} and ${ports.outputs.length} ports were given`,
    });
  }
  ports.inputs.forEach(({ lo, hi }, i) => {
    const name = model.inputs[i] as string;
    const tensor = tensorOf(model, name);
    if (lo < tensor.lo || hi > tensor.hi || lo > hi) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `The edge to ${name} proves [${lo}, ${hi}], but the model holds only for [${tensor.lo}, ${tensor.hi}]`,
        remedy: 'Calibrate both segments together, so that they agree on the edge.',
      });
    }
  });
}

/** The public inputs: the context, then those of each port, inputs first. */
function publicInputsOf(model: QuantisedModel, ports: CircuitPorts): PublicInput[] {
  const publicInputs: PublicInput[] = [{ kind: 'context', first: CONTEXT_WIRE, count: 1 }];
  let first = CONTEXT_WIRE + 1;
  const add = (name: string, { binding }: CircuitPort, port: PortRef): void => {
    const entry: PublicInput =
      binding.scheme === 'poseidon2'
        ? { kind: 'commitment', first, count: 1, port }
        : { kind: 'values', first, count: elementCount(tensorOf(model, name).shape), port };
    publicInputs.push(entry);
    first += entry.count;
  };
  ports.inputs.forEach((port, index) => {
    add(model.inputs[index] as string, port, { side: 'input', index });
  });
  ports.outputs.forEach((port, index) => {
    add(model.outputs[index] as string, port, { side: 'output', index });
  });
  return publicInputs;
}

function constrainNode(construction: Construction, model: QuantisedModel, node: QuantisedNode): void {
  const { operation, inputs, output } = node;
  const [source = ''] = inputs;
  const tensor = tensorOf(model, source);
  const { shape } = tensorOf(model, output);
  switch (operation.kind) {
    // Operations of a large fan-in read single wires, so that their expressions do not multiply.
    case 'convolution': {
      const input = construction.bound(source, 1);
      construction.define(output, convolutionRows(operation, input, tensor.shape, shape));
      break;
    }
    case 'matrix':
      construction.define(output, matrixRows(operation, construction.bound(source, 1)));
      break;
    case 'windowSum': {
      const input = construction.bound(source, 1);
      construction.define(output, windowSumRows(operation, input, tensor.shape, shape));
      break;
    }
    case 'affine': {
      const rows = inputs.map((name) => construction.bound(name, MAX_OPERAND_TERMS));
      construction.define(output, affineRows(operation, rows));
      break;
    }
    case 'rearrange': {
      const rows = inputs.map((name) => construction.tensor(name));
      construction.define(output, rearrangeRows(operation, rows));
      break;
    }
    case 'requantise':
      constrainRequantise(construction, node, operation, tensor);
      break;
    case 'maximum':
      constrainMaximum(construction, node, operation, tensor);
      break;
    case 'product':
      constrainProduct(construction, node, operation);
      break;
  }
}

/**
 * Compiles a quantised model to constraints.
 *
 * Sound as a whole: every input is held to its port's interval; from there the model's bounds hold for every tensor by
 * induction over the gadgets, each of which argues its own step; every output is held to its port's interval too.
 * @throws TesseraError `MODEL_INVALID`, or `RANGE_EXCEEDED` when a bound or a port's interval does not fit.
 */
export function compileCircuit(model: QuantisedModel, ports: CircuitPorts): CompiledCircuit {
  validate(model);
  checkPorts(model, ports);
  const publicInputs = publicInputsOf(model, ports);
  const publicCount = publicInputs.reduce((sum, { count }) => sum + count, 0);
  const writer = new ConstraintWriter(publicCount);
  const construction = new Construction(writer);
  construction.steps.push({ kind: 'context', square: constrainContext(writer, CONTEXT_WIRE) });

  const bind = (name: string, port: CircuitPort, ref: PortRef, publicWire: number): void => {
    const { lo, hi, binding } = port;
    const tensor = tensorOf(model, name);
    const values = construction.bound(name, 1);
    const implied = ref.side === 'output' && tensor.lo >= lo && tensor.hi <= hi;
    for (let i = 0; !implied && i < values.length; i++) constrainInterval(writer, values.row(i), lo, hi);
    if (binding.scheme === 'poseidon2') {
      const { domain, blinded } = binding;
      const wires = constrainCommitment(writer, { values, lo, hi, domain, blinded, public: publicWire });
      construction.steps.push({ kind: 'commitment', ...wires, public: publicWire, port: ref });
    } else if (values.first !== publicWire) {
      for (let i = 0; i < values.length; i++) {
        writer.zero([], combine(values.row(i), 1, wireOf(publicWire + i), -1));
      }
      construction.steps.push({ kind: 'values', first: publicWire, tensor: name });
    }
  };

  const portInputs = publicInputs.slice(1);
  ports.inputs.forEach((port, index) => {
    const name = model.inputs[index] as string;
    const { first, count } = portInputs[index] as PublicInput;
    if (port.binding.scheme === 'public') {
      construction.define(name, wireTensor(first, count));
      construction.steps.push({ kind: 'values', first, tensor: name });
    } else {
      construction.valueWires(name, elementCount(tensorOf(model, name).shape));
    }
    bind(name, port, { side: 'input', index }, first);
  });
  for (const node of model.nodes) constrainNode(construction, model, node);
  ports.outputs.forEach((port, index) => {
    const { first } = portInputs[ports.inputs.length + index] as PublicInput;
    bind(model.outputs[index] as string, port, { side: 'output', index }, first);
  });
  return {
    model,
    ports,
    constraints: writer.finish(),
    layout: { wires: writer.wireCount, publicInputs, steps: construction.steps },
  };
}
