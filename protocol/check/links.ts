import type { Certificate } from '../certificate.ts';
import { elementCount } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { fieldBytes, readIntegers } from '../field.ts';
import type { BlockRef, Edge } from '../graph.ts';
import type { Problem } from '../problem.ts';
import type { LinkReport } from '../report.ts';
import { equalBytes } from './equal-bytes.ts';
import type { Bound } from './proofs.ts';

/** One end of a link: what a segment's proof binds there. */
interface End {
  segment: string;
  bytes: Uint8Array | undefined;
}

/**
 * For every block, what its maker's proof binds, what each reader's proof binds, and the certificate's commitment
 * are the same bytes; and there is one commitment a block.
 */
export function checkLinks(
  { manifest, commitments }: Certificate,
  bound: readonly (Bound | undefined)[],
): { problems: Problem[]; links: LinkReport[] } {
  const { graph } = manifest;
  const problems: Problem[] = [];
  const links: LinkReport[] = [];
  const makers = new Map<string, End>();
  const readers = new Map<string, End[]>();
  for (const [index, { id, inputs, outputs }] of graph.segments.entries()) {
    for (const [port, ref] of outputs.entries()) {
      makers.set(keyOf(ref), { segment: id, bytes: bound[index]?.outputs[port] });
    }
    for (const [port, ref] of inputs.entries()) {
      const ends = readers.get(keyOf(ref)) ?? [];
      ends.push({ segment: id, bytes: bound[index]?.inputs[port] });
      readers.set(keyOf(ref), ends);
    }
  }
  if (commitments.length !== graph.edges.length) {
    problems.push({
      code: 'COMMITMENT_COUNT',
      message: `commitments of ${commitments.length} edges, where the graph has ${graph.edges.length}`,
    });
  }
  const results = new Set(graph.outputs);
  for (const [index, edge] of graph.edges.entries()) {
    const stated = commitments[index] ?? [];
    if (stated.length !== edge.blocks.length) {
      problems.push({
        code: 'COMMITMENT_COUNT',
        message: `${stated.length} commitments for the ${edge.blocks.length} blocks of ${edge.name}`,
        edge: edge.name,
      });
    }
    for (const block of edge.blocks.keys()) {
      const key = keyOf({ edge: index, block });
      const from = makers.get(key);
      const to: (End | undefined)[] = readers.get(key) ?? [];
      if (results.has(index)) to.push(undefined);
      for (const end of to) {
        const reason = unequal(stated[block], from, end);
        links.push({
          edge: edge.name,
          block,
          from: from?.segment ?? null,
          to: end?.segment ?? null,
          scheme: edge.type.scheme.name,
          valid: reason === null,
          reason,
        });
        if (reason !== null) {
          const message = `block ${block} of ${edge.name}: ${reason}`;
          problems.push({ code: 'LINK_UNEQUAL', message, edge: edge.name });
        }
      }
    }
  }
  return { problems, links };
}

/** Why a link does not hold; null when it does. */
function unequal(stated: Uint8Array | undefined, from: End | undefined, to: End | undefined): string | null {
  if (stated === undefined) return 'the certificate states no commitment';
  for (const end of [from, to]) {
    if (end === undefined) continue;
    if (end.bytes === undefined) return `${end.segment} has no proof that binds it`;
    if (!equalBytes(end.bytes, stated)) return `the proof of ${end.segment} binds another value`;
  }
  return null;
}

/** Public values are canonical, one a tensor's element, and within their edge's interval. */
export function checkIntervals({ manifest, commitments }: Certificate): Problem[] {
  return manifest.graph.edges.flatMap((edge, index): Problem[] => {
    if (edge.type.scheme.name !== 'public') return [];
    return edge.blocks.flatMap((box, block) => {
      const bytes = commitments[index]?.[block];
      return bytes === undefined ? [] : valueProblems(edge, elementCount(box.size), bytes);
    });
  });
}

function valueProblems(edge: Edge, count: number, bytes: Uint8Array): Problem[] {
  const malformed = (why: string): Problem[] => [
    { code: 'COMMITMENT_MALFORMED', message: `${edge.name}: ${why}`, edge: edge.name },
  ];
  if (bytes.length !== fieldBytes * count) return malformed(`${bytes.length} bytes for ${count} values`);
  try {
    return outside(edge, readIntegers(bytes));
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    return malformed(error.message);
  }
}

/** A problem for the first of these integers that lies outside the edge's interval, if any does. */
export function outside({ name, type }: Edge, values: readonly bigint[]): Problem[] {
  const { interval } = type;
  if (interval === 'unproven') return [];
  const value = values.find((x) => x < interval.lo || x > interval.hi);
  if (value === undefined) return [];
  const message = `${name} holds ${value}, outside [${interval.lo}, ${interval.hi}]`;
  return [{ code: 'VALUE_OUT_OF_INTERVAL', message, edge: name }];
}

/** A block's name in maps. */
export function keyOf({ edge, block }: BlockRef): string {
  return `${edge}/${block}`;
}
