import { hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { type CborValue, encodeCbor } from '../encoding/cbor.ts';

/** Where something encrypted belongs: it opens nowhere else. */
export interface SegmentContext {
  job: Hex32;
  /** The segment's index in the manifest's graph. */
  segment: number;
}

/** A context in bytes: `[tag, 1, job, segment, …rest]`. */
export function contextBytes(
  tag: string,
  { job, segment }: SegmentContext,
  ...rest: CborValue[]
): Uint8Array {
  return encodeCbor([tag, 1, hexToBytes(job), segment, ...rest]);
}
