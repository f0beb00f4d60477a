import { elementCount } from '../../model/element.ts';
import type { Model, ModelNode, TensorType } from '../../model/model.ts';

/** The type of any tensor of a model, constants included. */
export function typeOf(model: Model, name: string): TensorType | undefined {
  return model.types.get(name) ?? model.constants.get(name)?.type;
}

/** The shape of any tensor of a model; that of a left-out one (`''`) is empty. */
export function shapeOf(model: Model, name: string | undefined): readonly number[] {
  return (name === undefined ? undefined : typeOf(model, name)?.shape) ?? [];
}

/** Elements of any tensor of a model; 0 for a left-out one. */
export function sizeOf(model: Model, name: string | undefined): number {
  return name === undefined || name === '' ? 0 : elementCount(shapeOf(model, name));
}

/** Elements of a node's computed inputs (constants are none) and of all its outputs. */
export function computedInputs(model: Model, node: ModelNode): number {
  return node.inputs.reduce((sum, name) => sum + (model.types.has(name) ? sizeOf(model, name) : 0), 0);
}

/** Elements of all outputs of a node. */
export function outputSize(model: Model, node: ModelNode): number {
  return node.outputs.reduce((sum, name) => sum + sizeOf(model, name), 0);
}

/** A list attribute as numbers; empty when absent. */
export function intsOf(node: ModelNode, name: string): number[] {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value.map(Number) : [];
}

/** An integer attribute. */
export function intOf(node: ModelNode, name: string): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? Number(attribute.value) : undefined;
}

/** Elements that one output element of a pooling reads. */
export function windowOf(node: ModelNode): number {
  return intsOf(node, 'kernel_shape').reduce((product, side) => product * side, 1);
}

/**
 * Elements that are multiplied and summed for one output element of a linear operator: input channels of the group ×
 * kernel for convolutions, the common dimension for products of matrices.
 */
export function innerLength(model: Model, node: ModelNode): number {
  const weight = shapeOf(model, node.inputs[1]);
  switch (node.operator) {
    case 'Conv':
      return elementCount(weight.slice(1));
    case 'ConvTranspose':
      return (weight[0] ?? 1) * elementCount(weight.slice(2));
    case 'Gemm': {
      const left = shapeOf(model, node.inputs[0]);
      return left.at(intOf(node, 'transA') === 1 ? 0 : -1) ?? 1;
    }
    case 'MatMul':
      return shapeOf(model, node.inputs[0]).at(-1) ?? 1;
    default:
      return 0;
  }
}

/** The value of a constant of one float, as far as it lies in memory. */
export function scalarOf(model: Model, name: string | undefined): number | undefined {
  const constant = name === undefined ? undefined : model.constants.get(name);
  if (constant === undefined || elementCount(constant.type.shape) !== 1) return undefined;
  const { source, type } = constant;
  if (source.kind === 'fill') return Number(source.value);
  if (source.kind !== 'bytes' || type.element !== 'float32') return undefined;
  return new DataView(source.bytes.buffer, source.bytes.byteOffset).getFloat32(0, true);
}
