import { covered } from '../../../../protocol/arithmetic/operations/maximum.ts';
import { intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { Model, ModelNode } from '../../../model/model.ts';
import type { Unsupported } from '../../prover.ts';
import { lowerings } from './lower/index.ts';
import { coordinates, neighbours } from './lower/resize.ts';
import { poolAxes } from './pool-differences.ts';

/** Inputs that must be constants, by operator: what the circuits fix. */
const constantInputs: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Conv: [1, 2],
  Gemm: [1, 2],
  MatMul: [1],
  PRelu: [1],
  Pad: [1, 2, 3],
  ReduceMean: [1],
  Resize: [2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
};

/** What is wrong with an attribute or a shape, in words. */
type Fault = (model: Model, node: ModelNode) => string | undefined;

const when = (condition: boolean, reason: string): string | undefined => (condition ? reason : undefined);
const constantShape = (model: Model, name = ''): readonly number[] =>
  model.constants.get(name)?.type.shape ?? [];
const spatialAxes = (axes: number): string | undefined =>
  when(axes !== 1 && axes !== 2, `it has ${axes} spatial axes`);

const inputShape = (model: Model, node: ModelNode): readonly number[] =>
  model.types.get(node.inputs[0] ?? '')?.shape ?? [];

/** ONNX Runtime gives the least number, or a part of a window, where there is nothing or too little to look at. */
const misplacedWindow: Fault = (model, node) => {
  const image = inputShape(model, node);
  const [output = ''] = node.outputs;
  for (const step of poolAxes(node, model.types.get(output)?.shape ?? [])) {
    const length = image[step.axis] ?? 0;
    const counts = Array.from(
      { length: step.positions },
      (_, position) => covered(step, position, length)[2],
    );
    if (counts.some((count) => count < 1)) return 'a window covers padding only';
  }
  return undefined;
};

const windowFits: Fault = (model, node) => {
  const image = inputShape(model, node).slice(2);
  const [kernel, dilations, pads] = ['kernel_shape', 'dilations', 'pads'].map((name) =>
    intsAttribute(node, name),
  );
  const larger = image.some((length, i) => {
    const padded = length + (pads?.[i] ?? 0) + (pads?.[i + image.length] ?? 0);
    return ((kernel?.[i] ?? 1) - 1) * (dilations?.[i] ?? 1) + 1 > padded;
  });
  return when(larger, 'its window is larger than its input');
};

const faults: Readonly<Record<string, Fault>> = {
  AveragePool: (model, node) =>
    spatialAxes(intsAttribute(node, 'kernel_shape')?.length ?? 0) ??
    when((intAttribute(node, 'ceil_mode') ?? 0) !== 0, 'its output is rounded up') ??
    windowFits(model, node) ??
    misplacedWindow(model, node),
  Conv: (model, node) =>
    spatialAxes(constantShape(model, node.inputs[1]).length - 2) ?? windowFits(model, node),
  Gemm: (model, node) => {
    const kernel = constantShape(model, node.inputs[1]);
    const columns = intAttribute(node, 'transB') === 1 ? kernel[0] : kernel[1];
    const bias = constantShape(model, node.inputs[2]);
    const count = bias.reduce((product, size) => product * size, 1);
    return (
      when((intAttribute(node, 'transA') ?? 0) !== 0, 'its first matrix is transposed') ??
      when(count !== 1 && (count !== columns || bias.at(-1) !== columns), 'its bias is not one row')
    );
  },
  MatMul: (model, node) =>
    when(constantShape(model, node.inputs[1]).length !== 2, 'its second factor is not a matrix'),
  MaxPool: (model, node) =>
    when((node.outputs[1] ?? '') !== '', 'it gives indices') ?? misplacedWindow(model, node),
  PRelu: (model, node) => {
    const [shape, slopes] = [inputShape(model, node), constantShape(model, node.inputs[1])];
    const missing = shape.length - slopes.length;
    const fit = missing >= 0 && slopes.every((size, i) => size === 1 || size === shape[missing + i]);
    return when(!fit, 'its slopes are not spread over its input');
  },
  Pad: (_, node) => {
    const mode = stringAttribute(node, 'mode') ?? 'constant';
    return when(!['constant', 'edge', 'reflect'].includes(mode), `its mode is ${mode}`);
  },
  Resize: (model, node) => {
    const mode = stringAttribute(node, 'mode') ?? 'nearest';
    const transformation = stringAttribute(node, 'coordinate_transformation_mode') ?? 'half_pixel';
    const rounding = stringAttribute(node, 'nearest_mode') ?? 'round_prefer_floor';
    const policy = stringAttribute(node, 'keep_aspect_ratio_policy') ?? 'stretch';
    return (
      when((model.opsets.get('') ?? 1) < 11, 'it says nothing of coordinates before opset 11') ??
      when(mode !== 'nearest', `its mode is ${mode}`) ??
      when(node.attributes.has('axes'), 'it names axes') ??
      when(policy !== 'stretch', `its aspect ratio is kept (${policy})`) ??
      when(
        !coordinates.has(transformation) || !neighbours.has(rounding),
        `its coordinates are ${transformation}, ${rounding}`,
      )
    );
  },
};

/** Operators that take a constant in place of any of their inputs. */
const takesConstants = new Set(['Add', 'Mul', 'Sub']);

/** Why there is no circuit for a node, or `undefined` when there is one. */
export function unsupportedNode(model: Model, node: ModelNode): Unsupported | undefined {
  const refuse = (reason: string): Unsupported => ({
    node: node.name,
    operator: node.operator,
    reason,
    remedy: 'Prove this node with another prover.',
  });
  if (node.domain !== '' || !lowerings.has(node.operator)) {
    return refuse('there is no circuit for this operator');
  }
  const fixed = constantInputs[node.operator] ?? [];
  const computed = fixed
    .map((input) => node.inputs[input] ?? '')
    .find((name) => name !== '' && !model.constants.has(name));
  if (computed !== undefined) return refuse(`its input ${computed} is computed, and the circuit fixes it`);
  const float = (name: string): boolean => model.types.get(name)?.element === 'float32';
  const other = node.outputs.find((name) => name !== '' && !float(name));
  if (other !== undefined) return refuse(`its output ${other} is not of float32`);
  const data = node.operator === 'Concat' ? node.inputs : node.inputs.slice(0, 1);
  const constant = data.find((name) => model.constants.has(name));
  if (constant !== undefined && !takesConstants.has(node.operator)) {
    return refuse(`its input ${constant} is a constant, and the circuit computes with tensors`);
  }
  const fault = faults[node.operator]?.(model, node);
  return fault === undefined ? undefined : refuse(fault);
}
