import type { Model, ModelNode } from '../../model/model.ts';
import { innerLength, outputSize } from './node-sizes.ts';

/** Multiplications of a model: what a convolution, a matrix product or a product of tensors takes; other nodes none. */
export function multiplications(model: Model): number {
  return model.nodes.reduce((sum, node) => sum + nodeMultiplications(model, node), 0);
}

function nodeMultiplications(model: Model, node: ModelNode): number {
  switch (node.operator) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      return outputSize(model, node) * innerLength(model, node);
    case 'Mul':
      return outputSize(model, node);
    default:
      return 0;
  }
}
