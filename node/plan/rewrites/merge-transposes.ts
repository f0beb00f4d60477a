import { intsAttribute } from '../../model/attributes.ts';
import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';
import { bypass, type Rule } from './replacement.ts';

/** Two transpositions in a row are one, and one that keeps the order of the axes does nothing. */
export const mergeTransposes: Rule = {
  name: 'one transposition instead of two',
  match(view, node) {
    const order = orderOf(view, node);
    if (order === undefined) return undefined;
    if (order.every((axis, index) => axis === index)) return bypass(view, node);
    const [input = ''] = node.inputs;
    const before = view.writer(input);
    const earlier = before && orderOf(view, before);
    if (before === undefined || earlier === undefined || !view.isReadOnlyBy(input, node)) return undefined;
    const value = order.map((axis) => BigInt(earlier[axis] ?? 0));
    return {
      remove: [before, node],
      insert: [{ ...node, inputs: before.inputs, attributes: new Map([['perm', { type: 'ints', value }]]) }],
    };
  },
};

/** Where each axis comes from; the reverse order unless an attribute says otherwise. */
function orderOf(view: GraphView, node: ModelNode): number[] | undefined {
  if (node.operator !== 'Transpose' || node.domain !== '') return undefined;
  const rank = view.type(node.inputs[0])?.shape.length;
  return (
    intsAttribute(node, 'perm') ??
    (rank === undefined ? undefined : Array.from({ length: rank }, (_, i) => rank - 1 - i))
  );
}
