import { intsAttribute } from './attributes.ts';
import { elementCount } from './element.ts';
import type { Model, ModelNode } from './model.ts';
import { shapeOf, sizeOf } from './tensor-type.ts';

/** Cells that ezkl takes for one element of an activation or of a comparison in pooling, measured at base 1024. */
const cellsPerActivation = 32;
const cellsPerComparison = 36;

/**
 * What a node costs to prove, in cells of ezkl's circuits: one a multiplication, and the range checks of
 * activations, pooling and rescaling. An estimate for dividing work, not for planning memory.
 */
export function nodeCost(model: Model, node: ModelNode): number {
  const output = sizeOf(model, node.outputs[0]);
  switch (node.operator) {
    case 'Conv': {
      const weight = shapeOf(model, node.inputs[1]);
      return output * (elementCount(weight.slice(1)) + cellsPerActivation / 2);
    }
    case 'Gemm':
    case 'MatMul': {
      const inner = shapeOf(model, node.inputs[0]).at(-1) ?? 1;
      return output * (inner + cellsPerActivation / 2);
    }
    case 'MaxPool':
    case 'AveragePool': {
      const window = elementCount(intsAttribute(node, 'kernel_shape') ?? [2, 2]);
      return output * window * cellsPerComparison;
    }
    case 'Concat':
    case 'Flatten':
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Transpose':
    case 'Unsqueeze':
      return 0;
    case 'Add':
    case 'Sub':
      return output;
    default:
      return output * cellsPerActivation;
  }
}
