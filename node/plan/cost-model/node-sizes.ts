import { intAttribute, intsAttribute } from '../../model/attributes.ts';
import { constantValues } from '../../model/constant-values.ts';
import { elementCount } from '../../model/element.ts';
import type { Model, ModelNode } from '../../model/model.ts';
import { shapeOf, sizeOf } from '../../model/tensor-type.ts';

/** Elements of a node's computed inputs (constants are none) and of all its outputs. */
export function computedInputs(model: Model, node: ModelNode): number {
  return node.inputs.reduce((sum, name) => sum + (model.types.has(name) ? sizeOf(model, name) : 0), 0);
}

/** Elements of all outputs of a node. */
export function outputSize(model: Model, node: ModelNode): number {
  return node.outputs.reduce((sum, name) => sum + sizeOf(model, name), 0);
}

/** Elements that one output element of a pooling reads. */
export function windowOf(node: ModelNode): number {
  return elementCount(intsAttribute(node, 'kernel_shape') ?? []);
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
      return left.at(intAttribute(node, 'transA') === 1 ? 0 : -1) ?? 1;
    }
    case 'MatMul':
      return shapeOf(model, node.inputs[0]).at(-1) ?? 1;
    default:
      return 0;
  }
}

/** The value of a constant of one number, as far as it lies in memory. */
export function scalarOf(model: Model, name: string | undefined): number | undefined {
  const constant = name === undefined ? undefined : model.constants.get(name);
  if (constant === undefined || elementCount(constant.type.shape) !== 1) return undefined;
  return constantValues(constant)?.[0];
}
