import type { Progress } from '../progress.ts';
import type { ReportForPrograms } from '../prove-report.ts';
import type { SegmentEvent } from '../requester/network/segment-event.ts';
import type { JobOrder } from './job-order.ts';

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

/** A job of this node's own, as it outlives the node. */
export interface JobEntry {
  /** 16 random bytes, hexadecimal: this node's name for it. */
  id: string;
  order: JobOrder;
  state: JobState;
  /** ISO 8601. */
  submitted: string;
  ended?: string;
  /** Of one that is done. */
  report?: ReportForPrograms;
  /** Of one that failed. */
  error?: { code: string; message: string; remedy?: string };
}

/** A job as it stands. */
export interface QueuedJob extends JobEntry {
  /** The stage that it is at. */
  stage?: StageProgress;
  /** The latest of each segment, in the graph's order. */
  segments: readonly SegmentEvent[];
}

export type StageProgress = Extract<Progress, { type: 'stage' }>;

/** What happens while a job runs. */
export type JobEvent = { type: 'progress'; progress: Progress } | { type: 'segment'; segment: SegmentEvent };
