import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partitions } from './blocks.ts';
import type { Box, EdgeType } from './edge.ts';
import { maxMagnitude } from './field.ts';
import { committed, graph, open } from './fixtures/toy-certificate.ts';
import { checkGraph, type Edge, type Graph, type Segment } from './graph.ts';

const codes = (change: Partial<Graph>) => checkGraph({ ...graph, ...change }).map(({ code }) => code);

function edgeAt(index: number): Edge {
  const edge = graph.edges[index];
  if (edge === undefined) throw new Error(`no edge ${index}`);
  return edge;
}

function segmentAt(index: number): Segment {
  const segment = graph.segments[index];
  if (segment === undefined) throw new Error(`no segment ${index}`);
  return segment;
}

const withBlocks = (blocks: readonly Box[]) =>
  codes({ edges: graph.edges.with(1, { ...edgeAt(1), blocks }) });
const withType = (type: EdgeType) => codes({ edges: graph.edges.with(1, { ...edgeAt(1), type }) });

describe('a graph', () => {
  it('that is complete has no problem', () => {
    expect(checkGraph(graph)).toEqual([]);
  });

  it('has a segment and an output', () => {
    expect(codes({ segments: [], edges: [], inputs: [], outputs: [] })).toEqual([
      'GRAPH_EMPTY',
      'GRAPH_EMPTY',
    ]);
    expect(codes({ outputs: [] })).toEqual(['GRAPH_EMPTY', 'EDGE_DANGLING']);
  });

  it('names edges and segments once', () => {
    expect(codes({ edges: graph.edges.with(2, { ...edgeAt(2), name: 'q' }) })).toEqual(['NAME_REPEATED']);
    expect(codes({ segments: graph.segments.with(2, { ...segmentAt(2), id: 'b' }) })).toEqual([
      'NAME_REPEATED',
    ]);
  });

  it('has only indices that exist', () => {
    expect(codes({ outputs: [4, 5] })).toEqual(['REFERENCE_UNKNOWN']);
    const reads = (edge: number, block: number) =>
      codes({
        segments: graph.segments.with(3, {
          ...segmentAt(3),
          inputs: [{ edge, block }, ...segmentAt(3).inputs],
        }),
      });
    expect(reads(9, 0)).toEqual(['REFERENCE_UNKNOWN']);
    expect(reads(0, 1)).toEqual(['REFERENCE_UNKNOWN']);
    expect(reads(0, -1)).toEqual(['REFERENCE_UNKNOWN']);
    expect(reads(0, 0)).toEqual([]);
  });

  it('gives an edge one role, once', () => {
    expect(codes({ inputs: [0, 0] })).toEqual(['EDGE_ROLE_INVALID']);
    expect(codes({ outputs: [4, 4] })).toEqual(['EDGE_ROLE_INVALID']);
    expect(codes({ outputs: [4, 0] })).toEqual(['EDGE_ROLE_INVALID']);
  });

  it('makes no block of an input, and every other one once', () => {
    expect(codes({ inputs: [0, 2] })).toEqual(['BLOCK_PRODUCED_TWICE']);
    expect(codes({ inputs: [] })).toEqual(['BLOCK_UNPRODUCED']);
    const twice = { ...segmentAt(2), outputs: segmentAt(1).outputs };
    expect(codes({ segments: graph.segments.with(2, twice) })).toEqual([
      'BLOCK_PRODUCED_TWICE',
      'BLOCK_UNPRODUCED',
    ]);
  });

  it('reads every block that is no output', () => {
    const reader = { ...segmentAt(3), inputs: segmentAt(3).inputs.slice(1) };
    expect(codes({ segments: graph.segments.with(3, reader) })).toEqual(['EDGE_DANGLING']);
    expect(codes({ segments: graph.segments.with(3, reader), outputs: [2, 4] })).toEqual([]);
  });

  it('stands in topological order, so has no cycle', () => {
    expect(codes({ segments: [...graph.segments].reverse() })).toEqual(
      Array(5).fill('ORDER_INVALID').slice(0, 4),
    );
    const loop = { ...segmentAt(1), inputs: [...segmentAt(1).inputs, ...segmentAt(1).outputs] };
    expect(codes({ segments: graph.segments.with(1, loop) })).toEqual(['ORDER_INVALID']);
  });

  it('has blocks without overlap and without gap', () => {
    const row = (start: number, size: number): Box => ({ start: [start, 0], size: [size, 2] });
    expect(withBlocks([row(0, 1), row(0, 1)])).toEqual(['BLOCKS_NOT_PARTITION']);
    expect(withBlocks([row(0, 2), row(1, 1)])).toEqual(['BLOCKS_NOT_PARTITION']);
    expect(withBlocks([row(0, 1), row(1, 2)])).toEqual(['BLOCKS_NOT_PARTITION']);
    expect(withBlocks([row(0, 1), { start: [1, 0], size: [1, 1] }])).toEqual(['BLOCKS_NOT_PARTITION']);
    expect(withBlocks([row(0, 1), { start: [1], size: [2] }])).toEqual(['BLOCKS_NOT_PARTITION']);
    expect(withBlocks([])).toContain('BLOCKS_NOT_PARTITION');
  });

  it('has types that do not contradict themselves', () => {
    const interval = (lo: bigint, hi: bigint) => withType(committed([2, 2], { interval: { lo, hi } }));
    expect(withType(open([2, 2], { interval: 'unproven' }))).toEqual(['TYPE_INVALID']);
    expect(interval(1n, 0n)).toEqual(['TYPE_INVALID']);
    expect(interval(0n, maxMagnitude + 1n)).toEqual(['TYPE_INVALID']);
    expect(interval(-maxMagnitude, maxMagnitude)).toEqual([]);
    expect(withType(committed([2, 2], { signed: false, interval: { lo: -1n, hi: 1n } }))).toEqual([
      'TYPE_INVALID',
    ]);
    expect(withType(committed([2, 0]))).toEqual(['TYPE_INVALID']);
    expect(withType(committed([2 ** 20, 2 ** 20]))).toEqual(['TYPE_INVALID']);
    expect(withType(committed(Array(9).fill(1)))).toEqual(['TYPE_INVALID']);
    expect(withType(committed([2, 2], { scale: 0.5 }))).toEqual(['TYPE_INVALID']);
  });

  it('has columns whose rows are in use but for a few, since committing costs by the others', () => {
    const column = (k: number, usableRows: number) =>
      withType(committed([2, 2], { scheme: { name: 'kzg', srs: '0'.repeat(64), k, usableRows } }));
    expect(column(3, 9)).toEqual(['TYPE_INVALID']);
    expect(column(20, 1)).toEqual(['TYPE_INVALID']);
    expect(column(20, 2 ** 20 - 257)).toEqual(['TYPE_INVALID']);
    expect(column(20, 2 ** 20 - 256)).toEqual([]);
  });

  it('is within the limits before anything else is looked at', () => {
    expect(codes({ segments: Array<Segment>(65_537).fill(segmentAt(0)) })).toEqual(['LIMIT_EXCEEDED']);
    const type = committed([2 ** 15, ...Array<number>(7).fill(1)]);
    const blocks = Array.from({ length: 2 ** 15 }, (_, i) => ({
      start: [i, ...Array<number>(7).fill(0)],
      size: Array<number>(8).fill(1),
    }));
    expect(codes({ edges: graph.edges.with(1, { ...edgeAt(1), type, blocks }) })).toContain('LIMIT_EXCEEDED');
  });

  it('of the largest size is checked', () => {
    const count = 65_536;
    const chain: Graph = {
      edges: Array.from({ length: count + 1 }, (_, i) => ({ ...edgeAt(2), name: `t${i}` })),
      segments: Array.from({ length: count }, (_, i) => ({
        id: `s${i}`,
        circuit: 0,
        inputs: [{ edge: i, block: 0 }],
        outputs: [{ edge: i + 1, block: 0 }],
      })),
      inputs: [0],
      outputs: [count],
    };
    expect(checkGraph(chain)).toEqual([]);
  });
});

describe('partitions', () => {
  const shape = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 });
  const box = (dims: readonly number[]): fc.Arbitrary<Box> =>
    fc
      .tuple(...dims.map((size) => fc.tuple(fc.nat(size - 1), fc.integer({ min: 1, max: size }))))
      .map((axes) => ({ start: axes.map(([start]) => start), size: axes.map(([, size]) => size) }));

  /** Counts how often each element is covered; the meaning of a partition, for small tensors. */
  function covered(boxes: readonly Box[], dims: readonly number[]): boolean {
    const cells = (from: readonly number[], sizes: readonly number[]): string[] =>
      sizes.reduce<string[]>(
        (all, size, axis) =>
          all.flatMap((prefix) =>
            Array.from({ length: size }, (_, i) => `${prefix},${(from[axis] ?? 0) + i}`),
          ),
        [''],
      );
    const hit = boxes.flatMap(({ start, size }) => cells(start, size)).sort();
    const all = cells(
      dims.map(() => 0),
      dims,
    ).sort();
    return JSON.stringify(hit) === JSON.stringify(all);
  }

  it('agree with counting, for boxes at random', () => {
    fc.assert(
      fc.property(
        shape.chain((dims) => fc.tuple(fc.constant(dims), fc.array(box(dims), { maxLength: 4 }))),
        ([dims, boxes]) => {
          expect(partitions(boxes, dims)).toBe(covered(boxes, dims));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('agree with counting, for tensors cut in two again and again', () => {
    const cut = (boxes: readonly Box[], [which, axis, at]: readonly [number, number, number]): Box[] => {
      const chosen = boxes[which % boxes.length];
      const size = chosen?.size[axis] ?? 1;
      if (chosen === undefined || size < 2) return [...boxes];
      const low = 1 + (at % (size - 1));
      const rest = boxes.filter((box) => box !== chosen);
      return [
        ...rest,
        { ...chosen, size: chosen.size.with(axis, low) },
        {
          start: chosen.start.with(axis, (chosen.start[axis] ?? 0) + low),
          size: chosen.size.with(axis, size - low),
        },
      ];
    };
    const step = fc.tuple(fc.nat(100), fc.nat(2), fc.nat(100));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), fc.nat(100), (steps, dropped) => {
        const whole: Box[] = [{ start: [0, 0, 0], size: [4, 5, 6] }];
        const boxes = steps.reduce<readonly Box[]>(cut, whole);
        expect(partitions(boxes, [4, 5, 6])).toBe(true);
        expect(partitions(boxes.toSpliced(dropped % boxes.length, 1), [4, 5, 6])).toBe(false);
      }),
    );
  });
});
