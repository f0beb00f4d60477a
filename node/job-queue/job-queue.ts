import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { type ErrorCode, errorCodes, TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { enter } from '../enter.ts';
import type { Progress } from '../progress.ts';
import type { ProveReport } from '../prove.ts';
import { reportForPrograms, reportFromPrograms } from '../prove-report.ts';
import type { SegmentEvent } from '../requester/network/segment-event.ts';
import type { Records } from '../store/index.ts';
import type { JobOrder } from './job-order.ts';
import type { JobEntry, JobEvent, QueuedJob, StageProgress } from './queued-job.ts';

/** Has one job proven. */
export type JobRunner = (
  order: JobOrder,
  options: {
    signal: AbortSignal;
    onProgress: (progress: Progress) => void;
    onSegment: (event: SegmentEvent) => void;
  },
) => Promise<ProveReport>;

export interface JobQueueOptions {
  /** Jobs that run at once: each compiles and executes a model on this machine. */
  parallel: number;
  /** Jobs that may run or wait. */
  open: number;
  /** Jobs that are remembered after their end; the oldest go first. */
  ended: number;
}

const defaultJobQueueOptions: JobQueueOptions = { parallel: 4, open: 64, ended: 256 };

export interface JobQueueComponents {
  records: Records<JobEntry>;
  run: JobRunner;
  /** Is told of everything that happens, and of every job that begins or ends. */
  onEvent?: (job: QueuedJob, event?: JobEvent) => void;
}

/** A job that runs or waits. */
interface OpenJob {
  entry: JobEntry;
  stage?: StageProgress;
  segments: Map<number, SegmentEvent>;
  listeners: Set<(event: JobEvent) => void>;
  cancel: AbortController;
  report: Promise<ProveReport>;
}

/** Why jobs are aborted that the next start takes up. */
const nodeStops = new Error('the node stops');

/** This node's own jobs: kept until they are done, whatever ends the node meanwhile. */
export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #components: JobQueueComponents;
  readonly #open = new Map<string, OpenJob>();
  readonly #ended = new Map<string, JobEntry>();
  readonly #places;
  #stopped = false;

  constructor(options: Partial<JobQueueOptions>, components: JobQueueComponents) {
    this.#options = { ...defaultJobQueueOptions, ...options };
    this.#components = components;
    this.#places = pLimit(this.#options.parallel);
  }

  /** Takes up what was not done when the node ended. */
  async start(): Promise<void> {
    const entries: JobEntry[] = [];
    for await (const [, entry] of this.#components.records.entries()) entries.push(entry);
    entries.sort((one, other) => (one.submitted < other.submitted ? -1 : 1));
    for (const entry of entries) {
      if (entry.state === 'running') this.#begin(entry);
      else this.#ended.set(entry.id, entry);
    }
  }

  /** Stops working; what is not done is taken up by the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const open = [...this.#open.values()];
    for (const { cancel } of open) cancel.abort(nodeStops);
    await Promise.allSettled(open.map(({ report }) => report));
  }

  /** @throws TesseraError `USAGE` when too many jobs run or wait */
  async submit(order: JobOrder): Promise<QueuedJob> {
    if (this.#open.size >= this.#options.open) {
      throw new TesseraError('USAGE', {
        message: `${this.#open.size} jobs run or wait already`,
        remedy: 'Wait for one of them, or cancel it.',
      });
    }
    const id = randomBytes(16).toString('hex');
    const entry: JobEntry = { id, order, state: 'running', submitted: new Date().toISOString() };
    await this.#components.records.put(id, entry);
    return viewOf(this.#begin(entry));
  }

  /** All jobs, the newest first. */
  list(): QueuedJob[] {
    const ended = [...this.#ended.values()].map((entry) => ({ ...entry, segments: [] }));
    return [...ended, ...[...this.#open.values()].map(viewOf)].sort((one, other) =>
      one.submitted < other.submitted ? 1 : -1,
    );
  }

  /** @throws TesseraError `USAGE` for an id that no job has */
  find(id: string): QueuedJob {
    const open = this.#open.get(id);
    if (open !== undefined) return viewOf(open);
    const ended = this.#ended.get(id);
    if (ended !== undefined) return { ...ended, segments: [] };
    throw new TesseraError('USAGE', {
      message: `This node has no job ${id.slice(0, 64)}`,
      remedy: 'See which it has: tessera status',
    });
  }

  /**
   * Follows a job to its end, from where it stands. Whoever stops to listen changes nothing for the job.
   *
   * @throws TesseraError what the job failed with, `ABORTED`, `USAGE` for an id that no job has
   */
  async follow(id: string, onEvent: (event: JobEvent) => void, signal: AbortSignal): Promise<ProveReport> {
    throwIfAborted(signal);
    const job = this.#open.get(id);
    if (job === undefined) return reportOf(this.find(id));
    if (job.stage !== undefined) onEvent({ type: 'progress', progress: job.stage });
    for (const segment of job.segments.values()) onEvent({ type: 'segment', segment });
    job.listeners.add(onEvent);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(new TesseraError('ABORTED', { message: 'Nobody listens any more' }));
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([job.report, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      job.listeners.delete(onEvent);
    }
  }

  /** Ends a job that runs or waits; its workers are told. */
  async cancel(id: string): Promise<QueuedJob> {
    const job = this.#open.get(id);
    if (job === undefined) return this.find(id);
    job.cancel.abort(new Error('cancelled'));
    await job.report.catch(() => undefined);
    return this.find(id);
  }

  #begin(entry: JobEntry): OpenJob {
    const cancel = new AbortController();
    if (this.#stopped) cancel.abort(nodeStops);
    const { promise, resolve, reject } = Promise.withResolvers<ProveReport>();
    const job: OpenJob = { entry, segments: new Map(), listeners: new Set(), cancel, report: promise };
    // Who asked may be gone before it ends.
    promise.catch(() => undefined);
    this.#open.set(entry.id, job);
    this.#components.onEvent?.(viewOf(job));
    void this.#run(job).then(resolve, reject);
    return job;
  }

  async #run(job: OpenJob): Promise<ProveReport> {
    const { signal } = job.cancel;
    const work = () =>
      this.#components.run(job.entry.order, {
        signal,
        onProgress: (progress) => {
          if (progress.type === 'stage') job.stage = progress;
          this.#tell(job, { type: 'progress', progress });
        },
        onSegment: (segment) => {
          job.segments.set(segment.segment, segment);
          this.#tell(job, { type: 'segment', segment });
        },
      });
    try {
      const report = await enter<ProveReport>((inner) => this.#places(inner), signal, work);
      await this.#end(job, { state: 'done', report: reportForPrograms(report) });
      return report;
    } catch (error) {
      if (signal.reason !== nodeStops) {
        await this.#end(
          job,
          signal.aborted ? { state: 'cancelled' } : { state: 'failed', error: describe(error) },
        );
      }
      throw error;
    } finally {
      this.#open.delete(job.entry.id);
    }
  }

  async #end({ entry }: OpenJob, outcome: Pick<JobEntry, 'state' | 'report' | 'error'>): Promise<void> {
    const { records, onEvent } = this.#components;
    const ended: JobEntry = { ...entry, ...outcome, ended: new Date().toISOString() };
    await records.put(entry.id, ended);
    this.#ended.set(entry.id, ended);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > this.#options.ended && oldest !== undefined) {
      this.#ended.delete(oldest);
      await records.delete(oldest);
    }
    onEvent?.({ ...ended, segments: [] });
  }

  #tell(job: OpenJob, event: JobEvent): void {
    for (const listener of job.listeners) listener(event);
    this.#components.onEvent?.(viewOf(job), event);
  }
}

function viewOf({ entry, stage, segments }: OpenJob): QueuedJob {
  const latest = [...segments.values()].sort((one, other) => one.segment - other.segment);
  return { ...entry, segments: latest, ...(stage === undefined ? {} : { stage }) };
}

function reportOf({ id, state, report, error }: JobEntry): ProveReport {
  if (report !== undefined) return reportFromPrograms(report);
  if (error === undefined) throw new TesseraError('ABORTED', { message: `Job ${id} was ${state}` });
  const { code, message, remedy } = error;
  throw new TesseraError(isErrorCode(code) ? code : 'INTERNAL', {
    message,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function describe(error: unknown): NonNullable<JobEntry['error']> {
  if (error instanceof TesseraError) {
    const { code, message, remedy } = error;
    return { code, message, ...(remedy === undefined ? {} : { remedy }) };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}
