import type { TesseraError } from '../../../protocol/errors.ts';

/** Nodes that one list may name: far above any real model, and little in memory. */
const MAX_NODES = 2 ** 20;

/**
 * Reads segments as lists of nodes by number: `0-2,3+5,4` is the nodes 0 to 2, then 3 and 5, then 4.
 *
 * @throws what `wrong` makes of a reason
 */
export function parseSegments(
  text: string,
  maximum: number,
  wrong: (reason: string) => TesseraError,
): number[][] {
  const segments = text.split(',', maximum + 1);
  if (segments.length > maximum) throw wrong(`There are more than ${maximum} segments.`);
  let count = 0;
  return segments.map((segment) => {
    const nodes: number[] = [];
    for (const range of segment.split('+')) {
      const [, from, to = from] = /^(0|[1-9][0-9]{0,6})(?:-([1-9][0-9]{0,6}))?$/.exec(range) ?? [];
      if (from === undefined) throw wrong(`${JSON.stringify(range)} is no range of nodes.`);
      const [first, last] = [Number(from), Number(to)];
      if (first <= (nodes.at(-1) ?? -1) || last < first)
        throw wrong(`The nodes of ${segment} do not ascend.`);
      count += last - first + 1;
      if (count > MAX_NODES) throw wrong(`The segments name more than ${MAX_NODES} nodes.`);
      for (let node = first; node <= last; node++) nodes.push(node);
    }
    return nodes;
  });
}

/** @param segments each ascending */
export function formatSegments(segments: readonly (readonly number[])[]): string {
  return segments.map((nodes) => rangesOf(nodes).map(formatRange).join('+')).join(',');
}

function rangesOf(nodes: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const node of nodes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === node - 1) last[1] = node;
    else ranges.push([node, node]);
  }
  return ranges;
}

function formatRange([first, last]: readonly [number, number]): string {
  return first === last ? String(first) : `${first}-${last}`;
}
