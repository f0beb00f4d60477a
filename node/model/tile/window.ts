import { intAttribute, intsAttribute, stringAttribute } from '../attributes.ts';
import type { Attribute, ModelNode } from '../model.ts';
import type { Stretch } from './tiling.ts';

const windowed: ReadonlySet<string> = new Set(['Conv', 'MaxPool', 'AveragePool']);
const global: ReadonlySet<string> = new Set(['GlobalAveragePool', 'GlobalMaxPool']);

/** Whether some rows of a node's output need only some rows of its input. */
export function isBandable(node: ModelNode): boolean {
  if (global.has(node.operator)) return false;
  if (!windowed.has(node.operator)) return true;
  const exact = (intAttribute(node, 'ceil_mode') ?? 0) === 0;
  return exact && (stringAttribute(node, 'auto_pad') ?? 'NOTSET') === 'NOTSET' && seesTheImage(node);
}

/** Whether every window reaches the image; one over padding alone needs no rows, and a tile reads some. */
function seesTheImage(node: ModelNode): boolean {
  const [pads, kernel, dilations] = ['pads', 'kernel_shape', 'dilations'].map((name) =>
    intsAttribute(node, name),
  );
  const extent = ((kernel?.[0] ?? 1) - 1) * (dilations?.[0] ?? 1) + 1;
  return pads === undefined || Math.max(pads[0] ?? 0, pads[pads.length / 2] ?? 0) < extent;
}

/** Rows that a window needs, and the zeros or nothing it pads them with where they would lie outside the image. */
export interface NeededRows {
  rows: Stretch;
  before: number;
  after: number;
}

/** The rows of a node's input that a stretch of rows of its output depends on, of `height` that there are. */
export function neededRows(node: ModelNode, { start, size }: Stretch, height: number): NeededRows {
  if (!windowed.has(node.operator)) return { rows: { start, size }, before: 0, after: 0 };
  const first = (name: string, otherwise: number) => intsAttribute(node, name)?.[0] ?? otherwise;
  const [stride, dilation] = [first('strides', 1), first('dilations', 1)];
  const from = start * stride - first('pads', 0);
  const to = from + (size - 1) * stride + (first('kernel_shape', 1) - 1) * dilation + 1;
  const [inside, end] = [Math.max(0, from), Math.min(height, to)];
  return { rows: { start: inside, size: end - inside }, before: inside - from, after: to - end };
}

/** A node's attributes with other padding above and below; nothing changes where it has no window. */
export function withRowPadding(
  node: ModelNode,
  { before, after }: NeededRows,
): ReadonlyMap<string, Attribute> {
  if (!windowed.has(node.operator)) return node.attributes;
  const rank = intsAttribute(node, 'kernel_shape')?.length ?? 2;
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  const value = pads.map((pad, index) => BigInt(index === 0 ? before : index === rank ? after : pad));
  return new Map([...node.attributes, ['pads', { type: 'ints', value }]]);
}
