import type { Box, EdgeType } from './edge.ts';

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
