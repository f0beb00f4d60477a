import type { Proof } from '../../../protocol/certificate.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { proofFormat } from '../../../protocol/job/index.ts';
import type { Refusal, RefusalReason } from '../../../protocol/messages/index.ts';
import type { Logger } from '../../peer/log.ts';
import type { JobCancellations } from './job-cancellations.ts';
import type { AssignmentRecord, OpenJobRecord } from './job-record.ts';
import type { SegmentEvent } from './segment-event.ts';
import type { Claimant, Lapse, SegmentLedger } from './segment-ledger.ts';
import type { WorkerDirectory } from './worker-directory.ts';

export interface JobStateComponents {
  ledger: SegmentLedger;
  directory: Pick<WorkerDirectory, 'take' | 'begin' | 'give' | 'pause' | 'judge'>;
  record: Pick<OpenJobRecord, 'save'>;
  cancellations: Pick<JobCancellations, 'send'>;
  log: Logger;
  onEvent?: (event: SegmentEvent) => void;
  /** Is told when a segment is open again, or a worker has room again. */
  onRoom: () => void;
}

/** How a job's segments stand, for those who do not change it. */
export type SegmentView = Pick<
  SegmentLedger,
  | 'open'
  | 'pending'
  | 'isWorking'
  | 'holdings'
  | 'needOf'
  | 'attemptsOf'
  | 'isAccepted'
  | 'holds'
  | 'wasGiven'
>;

/**
 * The turns that the segments of one job take. Each is noted in the ledger, in the directory of workers and in the job's
 * record, and told to whoever follows the job and to a worker that is no longer needed.
 */
export class JobState {
  readonly #job: Hex32;
  readonly #components: JobStateComponents;
  /** By segment. */
  readonly #proofs = new Map<number, Proof>();
  /** Assignments whose submission is being judged. */
  readonly #judging = new Set<Hex32>();
  readonly #result = Promise.withResolvers<readonly Proof[]>();
  readonly #ended = new AbortController();

  constructor(job: Hex32, components: JobStateComponents) {
    this.#job = job;
    this.#components = components;
    // It may fail before it is awaited.
    this.#result.promise.catch(() => undefined);
  }

  get segments(): SegmentView {
    return this.#components.ledger;
  }

  /** One proof a segment, once each has one; rejected with what the job failed with. */
  get result(): Promise<readonly Proof[]> {
    return this.#result.promise;
  }

  /** Aborted when the job is over, however it ended. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Takes up an assignment of an earlier run, which its worker may still answer. @param time milliseconds that it has */
  resume(segment: number, assigned: AssignmentRecord, time: number): void {
    this.#hold(segment, assigned, time);
  }

  /** Takes up a worker's proof of an earlier run that was judged again. */
  restore(segment: number, worker: Hex32, proof: Proof): void {
    this.#settle(segment);
    this.tell(segment, 'accepted', worker);
    this.#keep(segment, proof);
  }

  /** @param time milliseconds that the worker has for it */
  async assign(
    segment: number,
    assigned: Pick<AssignmentRecord, 'id' | 'worker'>,
    time: number,
  ): Promise<void> {
    const { ledger, record } = this.#components;
    this.#hold(segment, assigned, time);
    const holdings = ledger.holdingsOf(segment);
    await record.save(segment, {
      assignments: holdings.map(({ id, worker, attempt }) => ({ id, worker, attempt })),
    });
    this.tell(segment, 'assigned', assigned.worker);
  }

  /** A worker that has the segment gave a sign of life. */
  hear(segment: number, worker: Hex32): void {
    this.#components.ledger.hear(segment, worker, performance.now());
  }

  /** A worker that has the segment works on it, and may have another one in advance. */
  begin({ worker, assignment }: Claimant): void {
    const { directory, onRoom } = this.#components;
    if (directory.begin(worker, assignment)) onRoom();
  }

  /** Assignments that took too long, or whose workers said nothing for so many milliseconds; none that is being judged. */
  lapsed(silence: number): Lapse[] {
    const lapsed = this.#components.ledger.lapsed(performance.now(), silence);
    return lapsed.filter(({ holding }) => !this.#judging.has(holding.id));
  }

  /** A worker gave the segment back. */
  refuse({ segment, reason, detail, sender }: Refusal): void {
    const { ledger, directory, log } = this.#components;
    log.info({ job: this.#job, segment, worker: sender, reason, detail }, 'segment refused');
    // What passes counts as one failure; what the worker is or asks for stays as it is.
    if (reason !== 'busy' && passing.has(reason)) ledger.fail(segment, sender);
    if (passing.has(reason)) directory.pause(sender);
    else ledger.bar(segment, sender, reason);
    this.reopen(segment, sender, `${reason}: ${detail}`);
  }

  /**
   * A worker did not keep what it was given.
   *
   * @param taken whether it ever said that it has it: one that cannot be reached now is as good for it later
   */
  async breach(claimant: Claimant, reason: string, taken = true): Promise<void> {
    const { ledger, directory, cancellations } = this.#components;
    if (!ledger.holds(claimant)) return;
    const { segment, worker } = claimant;
    directory.pause(worker);
    if (taken) ledger.fail(segment, worker);
    this.reopen(segment, worker, reason);
    cancellations.send(worker, 'reassigned', segment);
    await directory.judge(worker, 'broken');
  }

  /** A worker sent what it cannot have computed: it gets nothing more. */
  async dismiss(segment: number, worker: Hex32, reason: string): Promise<void> {
    const { ledger, directory, log } = this.#components;
    log.warn({ job: this.#job, segment, worker, reason }, 'a worker gets nothing more');
    const judged = directory.judge(worker, 'lied');
    ledger.disown(segment, worker);
    for (const holding of ledger.holdings) {
      if (holding.worker === worker) this.reopen(holding.segment, worker, reason);
    }
    await judged;
  }

  /** A worker that has the segment has it no longer. */
  reopen(segment: number, worker: Hex32, reason: string): void {
    this.#release(segment, worker);
    this.tell(segment, 'open', worker, reason);
    this.#components.onRoom();
  }

  /**
   * Judges an assignment's submission; meanwhile the assignment does not lapse.
   *
   * @throws TesseraError `NETWORK_FAILED` while another one of it is being judged, and as `judge`
   */
  async whileJudging<T>(assignment: Hex32, judge: () => Promise<T>): Promise<T> {
    if (this.#judging.has(assignment)) {
      throw new TesseraError('NETWORK_FAILED', {
        message: `A submission of assignment ${assignment} is being judged`,
      });
    }
    this.#judging.add(assignment);
    try {
      return await judge();
    } finally {
      this.#judging.delete(assignment);
    }
  }

  /** A worker's proof holds. Others that have the segment need not go on. */
  async accept(segment: number, worker: Hex32, proof: Proof): Promise<void> {
    const { ledger, directory, record, cancellations, onRoom } = this.#components;
    if (ledger.isAccepted(segment)) return;
    const others = ledger.holdings.filter((one) => one.segment === segment && one.worker !== worker);
    this.#settle(segment);
    // Kept before it is acknowledged: nothing that was accepted is proven again.
    const hex = Buffer.from(proofFormat.encode(proof)).toString('hex');
    await record.save(segment, { proven: { proof: hex, worker } });
    await directory.judge(worker, 'kept');
    this.tell(segment, 'accepted', worker);
    for (const other of others) cancellations.send(other.worker, 'proven', segment);
    this.#keep(segment, proof);
    onRoom();
  }

  /** Ends the job without its proofs; the first reason counts. */
  fail(error: unknown): void {
    this.#result.reject(error);
  }

  /** Lets go of all workers. */
  end(): void {
    this.#ended.abort();
    for (const { segment, worker } of this.segments.holdings) this.#release(segment, worker);
  }

  /** Says where a segment is. */
  tell(segment: number, state: SegmentEvent['state'], worker: Hex32, reason?: string): void {
    const { ledger, onEvent } = this.#components;
    const id = ledger.needOf(segment)?.id ?? '';
    onEvent?.({ segment, id, state, worker, ...(reason === undefined ? {} : { reason }) });
  }

  #hold(
    segment: number,
    assigned: Omit<AssignmentRecord, 'attempt'> & { attempt?: number },
    time: number,
  ): void {
    const { ledger, directory } = this.#components;
    const now = performance.now();
    ledger.assign(segment, { ...assigned, heardAt: now, endsAt: now + time });
    directory.take(assigned.worker, assigned.id, ledger.needOf(segment)?.units ?? 0);
  }

  #release(segment: number, worker: Hex32): void {
    const { ledger, directory } = this.#components;
    const holding = ledger.release(segment, worker);
    if (holding !== undefined) directory.give(worker, holding.id);
  }

  /** Nobody has the segment any more, nor will. */
  #settle(segment: number): void {
    const { ledger, directory } = this.#components;
    for (const { worker, id } of ledger.accept(segment)) directory.give(worker, id);
  }

  #keep(segment: number, proof: Proof): void {
    this.#proofs.set(segment, proof);
    if (this.#proofs.size < this.#components.ledger.size) return;
    this.#result.resolve([...this.#proofs].sort(([a], [b]) => a - b).map(([, kept]) => kept));
  }
}

/** Reasons for a refusal that may be over soon. */
const passing: ReadonlySet<RefusalReason> = new Set(['busy', 'disk', 'artifact', 'failed', 'deadline']);
