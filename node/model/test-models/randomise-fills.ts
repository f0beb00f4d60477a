import { intAttribute } from '../attributes.ts';
import { floatConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import { elementCount } from '../element.ts';
import { constantFills, constantNodes } from '../import/constant-nodes.ts';
import type { ModelNode } from '../model.ts';
import { randomValues } from './random-values.ts';

/**
 * The model as it was read, with seeded random values in place of its float32 fills, which would hide
 * swapped channels and wrong offsets. The values' size fits what reads them, so that activations neither
 * vanish nor overflow: weights by their fan-in (He), factors and variances around one, offsets around zero.
 */
export async function randomiseFills(read: Draft, seed: number): Promise<Draft> {
  const draft = await constantFills(constantNodes(read));
  const constants = new Map(draft.constants);
  const readers = new Map<string, ModelNode[]>();
  for (const node of draft.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  let next = seed;
  for (const [name, { type, source }] of draft.constants) {
    if (source.kind !== 'fill' || type.element !== 'float32') continue;
    const { spread, mean } = distribution(name, type.shape, readers);
    next += 1;
    constants.set(
      name,
      floatConstant(type.shape, randomValues(elementCount(type.shape), next, spread, mean)),
    );
  }
  return { ...draft, constants };
}

/** Parameters of `BatchNormalization` in their order: scale, bias, mean, variance. */
const batchNormMeans = [1, 0, 0, 1];

function distribution(
  name: string,
  shape: readonly number[],
  readers: ReadonlyMap<string, readonly ModelNode[]>,
): { spread: number; mean: number } {
  const node = readers.get(name)?.[0];
  const place = node?.inputs.indexOf(name) ?? 0;
  switch (node?.operator) {
    case 'Conv':
    case 'Gemm': {
      if (place !== 1) return { spread: 0.1, mean: 0 };
      const isTransposed = node.operator === 'Conv' || intAttribute(node, 'transB') === 1;
      const fanIn = elementCount(shape) / (shape[isTransposed ? 0 : 1] ?? 1);
      return { spread: Math.sqrt(6 / fanIn), mean: 0 };
    }
    case 'BatchNormalization':
      return { spread: 0.3, mean: batchNormMeans[place - 1] ?? 0 };
    case 'Unsqueeze':
      return distribution(node.outputs[0] ?? '', shape, readers);
    case 'Mul':
      return { spread: 0.3, mean: 1 };
    default:
      return { spread: 0.1, mean: 0 };
  }
}
