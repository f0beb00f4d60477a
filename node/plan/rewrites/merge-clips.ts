import { floatAttribute } from '../../model/attributes.ts';
import { floatConstant } from '../../model/constant.ts';
import { constantValues } from '../../model/constant-values.ts';
import type { ModelNode } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';
import { isPadded } from './max-pooling.ts';
import type { Rule } from './replacement.ts';

interface Bounds {
  lo: number;
  hi: number;
}

/** Two functions in a row that clip to an interval (ReLU clips to [0, ∞)) are one that clips to another. */
export const mergeClips: Rule = {
  name: 'one clip instead of two',
  match(view, node) {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const before = view.writer(input);
    if (before === undefined || !view.isReadOnlyBy(input, node)) return undefined;
    const [inner, outer] = [boundsOf(view, before), boundsOf(view, node)];
    if (inner === undefined || outer === undefined || feedsPaddedPooling(view, output)) return undefined;
    const clip = (value: number) => Math.min(Math.max(value, outer.lo), outer.hi);
    const merged = { lo: clip(inner.lo), hi: clip(inner.hi) };
    return { remove: [before, node], ...clipNode(view, node, before.inputs[0] ?? '', merged) };
  },
};

/** Provers pad with zeros, and know by the operator before the pooling that nothing is below. */
export function feedsPaddedPooling(view: GraphView, tensor: string): boolean {
  return view.readers(tensor).some((reader) => reader.operator === 'MaxPool' && isPadded(reader));
}

/** The interval that a node clips to; `undefined` if it does something else or its bounds are not known here. */
export function boundsOf(view: GraphView, node: ModelNode): Bounds | undefined {
  if (node.domain !== '' || view.type(node.inputs[0])?.element !== 'float32') return undefined;
  if (node.operator === 'Relu') return { lo: 0, hi: Number.POSITIVE_INFINITY };
  if (node.operator !== 'Clip') return undefined;
  const bound = (index: number, attribute: string, open: number) => {
    if (view.opset() < 11) return floatAttribute(node, attribute) ?? open;
    const name = node.inputs[index] ?? '';
    if (name === '') return open;
    const constant = view.constant(name);
    return constant && constantValues(constant)?.[0];
  };
  const lo = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const hi = bound(2, 'max', Number.POSITIVE_INFINITY);
  return lo === undefined || hi === undefined || !(lo <= hi) ? undefined : { lo, hi };
}

function clipNode(view: GraphView, node: ModelNode, input: string, { lo, hi }: Bounds) {
  const plain = { name: node.name, domain: '', inputs: [input], outputs: node.outputs };
  if (lo === 0 && hi === Number.POSITIVE_INFINITY) {
    return { insert: [{ ...plain, operator: 'Relu', attributes: new Map() }] };
  }
  if (view.opset() < 11) {
    const float = (value: number) => ({ type: 'float', value }) as const;
    const attributes = new Map([
      ['min', float(lo)],
      ['max', float(hi)],
    ]);
    return { insert: [{ ...plain, operator: 'Clip', attributes }] };
  }
  const [low, high] = [view.nameTensor(`${node.name}_min`), view.nameTensor(`${node.name}_max`)];
  return {
    insert: [{ ...plain, operator: 'Clip', inputs: [input, low, high], attributes: new Map() }],
    constants: new Map([
      [low, floatConstant([], Float32Array.of(lo))],
      [high, floatConstant([], Float32Array.of(hi))],
    ]),
  };
}
