import { partitions } from './blocks.ts';
import { type Box, type EdgeType, typeFaults } from './edge.ts';
import { limits } from './limits.ts';
import type { Problem } from './problem.ts';

/** A tensor between segments, or an input or output of the whole; its blocks partition it. */
export interface Edge {
  name: string;
  type: EdgeType;
  /** One commitment each; together they partition the tensor. */
  blocks: readonly Box[];
}

/** One block of one edge, as a segment reads or writes it. */
export interface BlockRef {
  edge: number;
  block: number;
}

/** A piece of the computation that gets one proof. */
export interface Segment {
  id: string;
  /** Index into the manifest's circuits; segments that do the same work share one. */
  circuit: number;
  /** In the order of the circuit's ports. */
  inputs: readonly BlockRef[];
  outputs: readonly BlockRef[];
}

/** A computation: a directed acyclic graph of segments joined by edges. Segments stand in topological order. */
export interface Graph {
  edges: readonly Edge[];
  segments: readonly Segment[];
  /** Indices of the edges that the requester supplies. */
  inputs: readonly number[];
  /** Indices of the edges that are the result. */
  outputs: readonly number[];
}

/**
 * Everything that is wrong with a graph: it must be within the limits, every block made exactly once (by a segment,
 * or by the requester for an input) before it is read, read at least once unless it is an output, and the blocks of
 * every edge must partition its tensor. Takes time linear in blocks and references.
 *
 * @returns an empty list for a complete graph
 */
export function checkGraph(graph: Graph): Problem[] {
  const tooLarge = checkLimits(graph);
  return tooLarge.length > 0 ? tooLarge : [...checkNames(graph), ...checkEdges(graph), ...checkWiring(graph)];
}

function checkLimits({ edges, segments, inputs, outputs }: Graph): Problem[] {
  const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const counts = [
    ['segments', segments.length, limits.segments],
    ['edges', edges.length, limits.edges],
    ['inputs', inputs.length, limits.edges],
    ['outputs', outputs.length, limits.edges],
    ['blocks', sum(edges.map((edge) => edge.blocks.length)), limits.blocks],
    ['references', sum(segments.map((s) => s.inputs.length + s.outputs.length)), limits.references],
  ] as const;
  return counts
    .filter(([, count, limit]) => count > limit)
    .map(([what, count, limit]) => ({
      code: 'LIMIT_EXCEEDED',
      message: `the graph has ${count} ${what}, above the limit of ${limit}`,
    }));
}

function checkNames({ edges, segments, inputs, outputs }: Graph): Problem[] {
  const problems: Problem[] = [];
  if (segments.length === 0) problems.push({ code: 'GRAPH_EMPTY', message: 'the graph has no segment' });
  if (outputs.length === 0) problems.push({ code: 'GRAPH_EMPTY', message: 'the graph has no output' });
  for (const name of repeated(edges.map((edge) => edge.name))) {
    problems.push({ code: 'NAME_REPEATED', message: `two edges are called ${name}`, edge: name });
  }
  for (const id of repeated(segments.map((segment) => segment.id))) {
    problems.push({ code: 'NAME_REPEATED', message: `two segments have the id ${id}`, segment: id });
  }
  const roles = [...inputs, ...outputs];
  for (const index of roles.filter((index) => edges[index] === undefined)) {
    problems.push({
      code: 'REFERENCE_UNKNOWN',
      message: `edge ${index}, an input or output, does not exist`,
    });
  }
  for (const index of repeated(roles)) {
    const name = edges[index]?.name ?? String(index);
    problems.push({
      code: 'EDGE_ROLE_INVALID',
      message: `${name} is listed twice among inputs and outputs`,
      edge: name,
    });
  }
  return problems;
}

function checkEdges({ edges }: Graph): Problem[] {
  return edges.flatMap(checkEdge);
}

/** What is wrong with an edge by itself: its type, and that its blocks partition the tensor. */
export function checkEdge({ name, type, blocks }: Edge): Problem[] {
  const faults = typeFaults(type).map(
    (fault): Problem => ({ code: 'TYPE_INVALID', message: `${name}: ${fault}`, edge: name }),
  );
  if (faults.length > 0) return faults;
  if (blocks.length * 2 ** type.shape.length > limits.corners) {
    const message = `${name} has ${blocks.length} blocks of rank ${type.shape.length}: too many corners`;
    return [{ code: 'LIMIT_EXCEEDED', message, edge: name }];
  }
  if (partitions(blocks, type.shape)) return [];
  return [
    { code: 'BLOCKS_NOT_PARTITION', message: `the blocks of ${name} overlap or leave gaps`, edge: name },
  ];
}

/** Index standing for the requester as the maker of an input: before every segment. */
const requester = -1;

function checkWiring({ edges, segments, inputs, outputs }: Graph): Problem[] {
  const problems: Problem[] = [];
  const supplied = new Set(inputs);
  const results = new Set(outputs);
  const makers = edges.map((edge, i): (number | undefined)[] =>
    edge.blocks.map(() => (supplied.has(i) ? requester : undefined)),
  );
  const read = edges.map((edge, i) => edge.blocks.map(() => results.has(i)));

  const exists = (ref: BlockRef, segment: string): boolean => {
    if (edges[ref.edge]?.blocks[ref.block] !== undefined) return true;
    problems.push({
      code: 'REFERENCE_UNKNOWN',
      message: `${segment} names block ${ref.block} of edge ${ref.edge}, which does not exist`,
      segment,
    });
    return false;
  };

  for (const [index, { id, outputs: made }] of segments.entries()) {
    for (const ref of made.filter((ref) => exists(ref, id))) {
      const edge = edges[ref.edge]?.name ?? '';
      const blocks = makers[ref.edge] ?? [];
      const other = blocks[ref.block];
      if (other === undefined) {
        blocks[ref.block] = index;
        continue;
      }
      const first = other === requester ? 'the requester' : segments[other]?.id;
      const message = `block ${ref.block} of ${edge} comes from ${first} and from ${id}`;
      problems.push({ code: 'BLOCK_PRODUCED_TWICE', message, segment: id, edge });
    }
  }
  for (const [index, { id, inputs: needed }] of segments.entries()) {
    for (const ref of needed.filter((ref) => exists(ref, id))) {
      const edge = edges[ref.edge]?.name ?? '';
      const blocks = read[ref.edge];
      if (blocks !== undefined) blocks[ref.block] = true;
      const maker = makers[ref.edge]?.[ref.block];
      if (maker === undefined || maker < index) continue;
      const message = `${id} reads block ${ref.block} of ${edge}, which ${segments[maker]?.id} makes later`;
      problems.push({ code: 'ORDER_INVALID', message, segment: id, edge });
    }
  }
  for (const [i, { name, blocks }] of edges.entries()) {
    for (const block of blocks.keys()) {
      if (makers[i]?.[block] === undefined) {
        const message = `nothing makes block ${block} of ${name}`;
        problems.push({ code: 'BLOCK_UNPRODUCED', message, edge: name });
      }
      if (read[i]?.[block] !== true) {
        problems.push({
          code: 'EDGE_DANGLING',
          message: `nothing reads block ${block} of ${name}`,
          edge: name,
        });
      }
    }
  }
  return problems;
}

function repeated<T>(values: readonly T[]): T[] {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return [...twice];
}
