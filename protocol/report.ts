import type { Hex32 } from './edge.ts';
import type { Problem } from './problem.ts';
import type { Trust } from './srs.ts';
import type { Opinion } from './verifier.ts';

/** One segment's proof in a report. */
export interface SegmentReport {
  id: string;
  prover: string;
  /** The proof verifies under a key that is what the manifest says. */
  valid: boolean;
  /** Why not; null when valid. */
  reason: string | null;
  opinions: readonly Opinion[];
}

/** One join in a report: a block as its maker's proof and as one reader's proof bind it. */
export interface LinkReport {
  edge: string;
  block: number;
  /** Id of the segment that makes the block; null for the requester. */
  from: string | null;
  /** Id of the segment that reads it; null for an output. */
  to: string | null;
  scheme: string;
  valid: boolean;
  reason: string | null;
}

/** What a check found. Serves programs as it is, and people after some drawing. */
export interface Report {
  /** Nothing is wrong, trust included. */
  valid: boolean;
  /** Nothing is wrong but possibly the trust: the certificate holds if its keys' makers are honest. */
  sound: boolean;
  trust: Trust;
  /** modelId. */
  model: Hex32;
  /** An expected model was given and is this one: its modelId is, or the manifest claims to be made from its file. */
  modelExpected: boolean;
  /** Whether keys were rebuilt from the model; a check never does, an audit does. */
  audited: false;
  /** Whether the circuits accept exactly one output for an input: the manifest's claim where its keys do not show it. */
  output: 'unique' | 'within tolerance';
  segments: readonly SegmentReport[];
  links: readonly LinkReport[];
  problems: readonly Problem[];
}
