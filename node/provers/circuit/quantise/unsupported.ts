import type { Model, ModelNode } from '../../../model/model.ts';
import type { Unsupported } from '../../prover.ts';
import { lowerings } from './lower/index.ts';

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
};

/**
 * Why there is no circuit for a node, or `undefined` when its operator has one and what must be fixed is. Rarer
 * attributes are refused when the model is quantised.
 */
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
  const computed = (constantInputs[node.operator] ?? [])
    .map((input) => node.inputs[input] ?? '')
    .find((name) => name !== '' && !model.constants.has(name));
  if (computed !== undefined) return refuse(`its input ${computed} is computed, and the circuit fixes it`);
  const float = (name: string): boolean => model.types.get(name)?.element === 'float32';
  const other = node.outputs.find((name) => name !== '' && !float(name));
  return other === undefined ? undefined : refuse(`its output ${other} is not of float32`);
}
