import type { ChainJob } from '../job.ts';

/** What a job commits to at each port of a segment, inputs before outputs. */
export function boundaryOf({ manifest, commitments }: ChainJob, segment: number): Uint8Array[] {
  const { inputs, outputs } = manifest.graph.segments[segment] ?? { inputs: [], outputs: [] };
  return [...inputs, ...outputs].map(({ edge, block }) => commitments[edge]?.[block] ?? new Uint8Array());
}
