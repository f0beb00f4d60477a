import type { Hex32 } from '../../../protocol/edge.ts';
import type { RefusalReason } from '../../../protocol/messages/index.ts';

/** A segment that is not proven. */
export interface OpenSegment {
  segment: number;
  /** The prover's name. */
  prover: string;
  /** Units of the cost model. */
  units: number;
  /** Bytes that proving takes at its peak. */
  memory: number;
  /** Workers that are not to get it again, and why. */
  barred: ReadonlyMap<Hex32, Obstacle>;
  /** Absent where it was never given out. */
  given?: {
    /** Who has it now; one that fell silent or gave it back has not. */
    holders: readonly Hex32[];
    /** Since it was first given out, to whomever. */
    seconds: number;
  };
}

/** What keeps a worker from a segment: a limit of its own, or that it `failed` before. */
export type Obstacle = RefusalReason;

/** What is known of a worker. */
export interface Candidate {
  worker: Hex32;
  /** Units per second, by prover. */
  speeds: ReadonlyMap<string, number>;
  /** Bytes. */
  memory: number;
  /** What it asks for a million units. */
  price: bigint;
  /** Segments that it proves at once. */
  places: number;
  /** Places that others have taken. */
  taken: number;
  /** Units of what it has from this node. */
  held: readonly number[];
  /** How many of these it has begun: it no longer waits for artifacts or for another one to end. */
  begun: number;
  /** Whether it has bid on a connection of its own: names that are only heard of cost nobody anything. */
  isMet: boolean;
  /** Submissions that were accepted, and assignments that were in vain. */
  record: { kept: number; broken: number };
}

/** Who gets a segment. */
export interface Claim {
  segment: number;
  worker: Hex32;
  /** Seconds from now until it is expected back. */
  expectedSeconds: number;
}

/**
 * Decides which worker proves which segment. Off chain the requester does, by the workers' standing bids; a market
 * decides by who claims first, and this is all that it replaces.
 */
export interface ClaimPolicy {
  /** Claims of as many segments as there is room for; several of one segment where its holders may be false. */
  decide(open: readonly OpenSegment[], candidates: readonly Candidate[]): Claim[];
  /** The limits that keep every candidate from a segment, each with how many it stops; empty where one suits. */
  obstacles(segment: OpenSegment, candidates: readonly Candidate[]): ReadonlyMap<Obstacle, number>;
}
