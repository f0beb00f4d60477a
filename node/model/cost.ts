import { elementCount } from './element.ts';
import type { Model, ModelNode, TensorType } from './model.ts';

/** Cells that ezkl takes for one element of an activation or of a comparison in pooling, measured at base 1024. */
const cellsPerActivation = 32;
const cellsPerComparison = 36;

/**
 * What a node costs to prove, in cells of ezkl's circuits: one a multiplication, and the range checks of
 * activations, pooling and rescaling. An estimate for dividing work, not for planning memory.
 */
export function nodeCost(model: Model, node: ModelNode): number {
  const typeOf = (name: string | undefined): TensorType | undefined =>
    name === undefined ? undefined : (model.types.get(name) ?? model.constants.get(name)?.type);
  const size = (name: string | undefined) => elementCount(typeOf(name)?.shape ?? []);
  const output = size(node.outputs[0]);
  switch (node.operator) {
    case 'Conv': {
      const weight = typeOf(node.inputs[1])?.shape ?? [];
      return output * (elementCount(weight.slice(1)) + cellsPerActivation / 2);
    }
    case 'Gemm':
    case 'MatMul': {
      const inner = typeOf(node.inputs[0])?.shape.at(-1) ?? 1;
      return output * (inner + cellsPerActivation / 2);
    }
    case 'MaxPool':
    case 'AveragePool': {
      const kernel = node.attributes.get('kernel_shape');
      const window =
        kernel?.type === 'ints' ? kernel.value.reduce((product, side) => product * side, 1n) : 4n;
      return output * Number(window) * cellsPerComparison;
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
