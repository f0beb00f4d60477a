import { intAttribute, intsAttribute, stringAttribute } from '../../../model/attributes.ts';
import type { Model, ModelNode } from '../../../model/model.ts';
import type { Unsupported } from '../../prover.ts';
import { lowerings } from './lower/index.ts';
import { coordinates, neighbours } from './lower/resize.ts';

/** Inputs that must be constants, by operator: what the circuits fix. */
const constantInputs: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Conv: [1, 2],
  Gemm: [1, 2],
  MatMul: [1],
  PRelu: [1],
  Pad: [1, 2, 3],
  ReduceMean: [1],
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

const faults: Readonly<Record<string, Fault>> = {
  AveragePool: (_, node) =>
    spatialAxes(intsAttribute(node, 'kernel_shape')?.length ?? 0) ??
    when((intAttribute(node, 'ceil_mode') ?? 0) !== 0, 'its output is rounded up'),
  Conv: (model, node) => spatialAxes(constantShape(model, node.inputs[1]).length - 2),
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
  MaxPool: (_, { outputs }) => when((outputs[1] ?? '') !== '', 'it gives indices'),
  Pad: (_, node) => {
    const mode = stringAttribute(node, 'mode') ?? 'constant';
    return when(!['constant', 'edge', 'reflect'].includes(mode), `its mode is ${mode}`);
  },
  Resize: (_, node) => {
    const mode = stringAttribute(node, 'mode') ?? 'nearest';
    const transformation = stringAttribute(node, 'coordinate_transformation_mode') ?? 'half_pixel';
    const rounding = stringAttribute(node, 'nearest_mode') ?? 'round_prefer_floor';
    return (
      when(mode !== 'nearest', `its mode is ${mode}`) ??
      when(node.attributes.has('axes'), 'it names axes') ??
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
