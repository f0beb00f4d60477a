import type { Hex32 } from '../../../protocol/edge.ts';

/** What is kept of a job that is being proven, so that it is taken up again. */
export interface JobRecord {
  nonce: Hex32;
  /** The blinding values that its commitments hide, by tensor, in decimal. */
  blindings: Readonly<Record<string, string>>;
  /** By index. */
  segments: Record<number, SegmentRecord>;
}

export interface SegmentRecord {
  /** The proof, in hexadecimal, once it is verified. */
  proof?: string;
  /** The assignment that holds. */
  assignment?: { id: Hex32; worker: Hex32; attempt: number };
}
