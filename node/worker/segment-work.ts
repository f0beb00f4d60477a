import type { Proof } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import type { Assignment, WorkerStage } from '../../protocol/messages/index.ts';
import type { Source } from '../job/artifact-access.ts';

/** What a segment is made of, by its artifacts. */
export type SegmentParts = Pick<Assignment, 'segment' | 'manifest' | 'commitments' | 'artifacts' | 'inputs'>;

/** A segment whose artifacts can be fetched. */
export interface AvailableSegment {
  assignment: SegmentParts;
  /** Who has all of its artifacts; the network where nobody in particular is known to. */
  source?: Source;
  access: 'open' | 'invited';
}

/** One segment that a requester gave to this worker. */
export interface SegmentTask extends AvailableSegment {
  /** The id of the assignment. */
  id: Hex32;
  assignment: Assignment;
  /** The requester, by whom all artifacts can be fetched. */
  source: Source;
}

/** What working on a segment came to. */
export type SegmentOutcome =
  | { kind: 'proof'; proof: Proof }
  /** The job commits to another value of a block than the segment gives. */
  | { kind: 'edge-mismatch'; edge: number; block: number; committed: Hex32; computed: Hex32 };

export interface SegmentWorkOptions {
  signal: AbortSignal;
  /** Is told of each stage as it begins. */
  onStage: (stage: Exclude<WorkerStage, 'queued' | 'proven'>) => void;
  /** Is told which prover the segment is for, once that is known: assignments do not say. */
  onProver?: (name: string) => void;
  /** Runs work when there is room for it beside the other segments. */
  exclusively: <T>(memory: number, work: () => Promise<T>) => Promise<T>;
}

/** Fetches, checks and proves one segment. */
export type SegmentWork = (task: SegmentTask, options: SegmentWorkOptions) => Promise<SegmentOutcome>;
