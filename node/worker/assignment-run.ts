import { proofFormat } from '../../protocol/job/index.ts';
import {
  type Assignment,
  type EdgeMismatch,
  messageLimits,
  peerIdOf,
  type Refusal,
  type SignedMessage,
  type Submission,
  type WorkerProgress,
  type WorkerStage,
} from '../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { Signer } from '../job/signer.ts';
import type { RequestProtocol } from '../network/request-protocol.ts';
import { Notice } from '../notice.ts';
import type { Logger } from '../peer/log.ts';
import { deliver } from './delivery.ts';
import { refusalOf } from './refusal.ts';
import type { RequesterDeed } from './requester-turns.ts';
import type { SegmentOutcome, SegmentTask, SegmentWork } from './segment-work.ts';
import type { WorkPlaces } from './work-places.ts';
import type { WorkRecord, WorkRecords } from './work-record.ts';

export interface WorkerTimings {
  /** Milliseconds between two reports to the requester. */
  report: number;
  /** Milliseconds before a message that did not arrive is sent again; longer from time to time. */
  retry: number;
}

export interface AssignmentRunInit {
  signed: SignedMessage<Assignment>;
  record: WorkRecord;
  timings: WorkerTimings;
}

export interface AssignmentRunComponents {
  signer: Pick<Signer, 'sign' | 'now'>;
  requests: Pick<RequestProtocol, 'request'>;
  artifacts: Pick<ArtifactAccess, 'put' | 'release'>;
  records: Pick<WorkRecords, 'keep' | 'end'>;
  work: SegmentWork;
  places: Pick<WorkPlaces, 'run'>;
  log: Logger;
  /** Is told when it needs its place no longer. */
  onWaiting: () => void;
}

/** One assignment's way through a worker: it is worked on, reported on, and what came of it is handed over. */
export class AssignmentRun {
  readonly #task: SegmentTask;
  readonly #timings: WorkerTimings;
  readonly #components: AssignmentRunComponents;
  /** On the clock of `performance.now()`. */
  readonly #endsAt: number;
  readonly #cancel = new AbortController();
  /** Raised when there is something to report. */
  readonly #news = new Notice();
  #record: WorkRecord;
  #stage: WorkerStage;
  #isWaiting: boolean;
  #stopped = false;
  #prover: string | undefined;

  constructor({ signed, record, timings }: AssignmentRunInit, components: AssignmentRunComponents) {
    const { id, message: assignment } = signed;
    const source = { peer: peerIdOf(assignment.sender), addresses: record.addresses };
    this.#task = { id, assignment, source, access: record.access };
    this.#timings = timings;
    this.#components = components;
    this.#endsAt = performance.now() + (record.endsAt - components.signer.now());
    this.#record = record;
    this.#isWaiting = record.proof !== undefined;
    this.#stage = record.proof === undefined ? 'queued' : 'proven';
  }

  get assignment(): Assignment {
    return this.#task.assignment;
  }

  get stage(): WorkerStage {
    return this.#stage;
  }

  /** Whether nothing is left to do but to have its requester hear of it: that takes no place. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** How far it is. */
  progress(): SignedMessage<WorkerProgress> {
    return this.#components.signer.sign<WorkerProgress>({
      kind: 'progress',
      ...this.#head,
      stage: this.#stage,
      done: 0,
      remaining: Math.max(0, Math.round(this.#endsAt - performance.now())),
    });
  }

  /** Its requester is reached at other addresses: it was started anew. */
  redirect(addresses: readonly string[]): void {
    this.#task.source = { ...this.#task.source, addresses };
  }

  /** Gives it up. */
  cancel(why: string): void {
    this.#cancel.abort(new Error(why));
  }

  /** Leaves it as it is, for another run to go on with. */
  stop(): void {
    this.#stopped = true;
    this.cancel('the node stops');
  }

  /** @returns what its requester did by it, where it ended by more than a cancellation or by this worker's own limits */
  async run(): Promise<RequesterDeed | undefined> {
    const begunAt = performance.now();
    this.#components.log.info(this.#about, 'segment taken');
    // Whatever breaks while it is ended: a worker's log tells of each segment that it took.
    let ending: Ending = { outcome: 'failed' };
    try {
      const { deed, ...how } = await this.#work();
      ending = how;
      return deed;
    } catch (error) {
      ending.why = String(error);
      throw error;
    } finally {
      const seconds = Math.round(performance.now() - begunAt) / 1_000;
      const prover = this.#prover === undefined ? {} : { prover: this.#prover };
      this.#components.log.info({ ...this.#about, ...prover, ...ending, seconds }, 'segment ended');
    }
  }

  async #work(): Promise<Ending & { deed?: RequesterDeed | undefined }> {
    const left = Math.min(this.#endsAt - performance.now(), messageLimits.assignment);
    if (left <= 0) {
      await this.#end();
      return { outcome: 'given up', why: 'its time is over' };
    }
    const signal = AbortSignal.any([this.#cancel.signal, AbortSignal.timeout(Math.ceil(left))]);
    const reporting = new AbortController();
    const reports = this.#report(AbortSignal.any([signal, reporting.signal]));
    try {
      const { sign, deed } = await this.#result(signal);
      this.#wait();
      // Reports go on: a requester takes who says nothing for dead.
      await this.#deliver(sign, signal);
      await this.#end();
      return { outcome: deed === 'proven' ? 'proven' : 'edge mismatch', deed };
    } catch (error) {
      reporting.abort();
      if (this.#stopped) return { outcome: 'interrupted', why: 'the node stops' };
      const { aborted, reason } = signal;
      const why = String((aborted ? reason?.message : undefined) ?? error);
      const deed = aborted ? undefined : await this.#giveBack(error);
      await this.#end();
      return { outcome: aborted ? 'given up' : 'refused', why, deed };
    } finally {
      reporting.abort();
      await reports;
    }
  }

  /** Works until there is something to say. */
  async #result(signal: AbortSignal): Promise<{ sign: () => SignedMessage; deed: RequesterDeed }> {
    const { work, places, artifacts, records } = this.#components;
    const made = this.#record.proof;
    if (made !== undefined) return { sign: () => this.#submission(made), deed: 'proven' };
    const outcome = await work(this.#task, {
      signal,
      onStage: (stage) => {
        this.#stage = stage;
        // Its requester may hand out more from then on.
        if (stage === 'checking') this.#news.raise();
      },
      onProver: (name) => {
        this.#prover = name;
      },
      exclusively: (memory, act) => places.run(memory, signal, act),
    });
    if (outcome.kind === 'edge-mismatch') return { sign: () => this.#mismatch(outcome), deed: 'wasted' };
    const bytes = proofFormat.encode(outcome.proof);
    // Its requester alone wants it, and knows who has it.
    const artifact = await artifacts.put(bytes, { keepFor: this.#hold, announce: false });
    const proof = { cid: artifact.cid.toString(), size: bytes.length };
    this.#record = { ...this.#record, proof };
    await records.keep(this.#task.id, this.#record);
    this.#stage = 'proven';
    return { sign: () => this.#submission(proof, bytes), deed: 'proven' };
  }

  #submission(
    { cid, size }: NonNullable<WorkRecord['proof']>,
    bytes?: Uint8Array,
  ): SignedMessage<Submission> {
    const inline = bytes !== undefined && bytes.length <= messageLimits.inlineBytes ? { inline: bytes } : {};
    const said = { proof: cid, size, ...inline };
    return this.#components.signer.sign<Submission>({ kind: 'submission', ...this.#head, ...said });
  }

  #mismatch({
    edge,
    block,
    committed,
    computed,
  }: Extract<SegmentOutcome, { kind: 'edge-mismatch' }>): SignedMessage<EdgeMismatch> {
    const said = { edge, block, committed, computed };
    return this.#components.signer.sign<EdgeMismatch>({ kind: 'edge-mismatch', ...this.#head, ...said });
  }

  /** Sends until the requester has it. An answer that cancels ends the matter, too. */
  async #deliver(sign: () => SignedMessage, signal: AbortSignal): Promise<void> {
    const { retry } = this.#timings;
    await deliver({ target: () => this.#task.source, sign, retry }, this.#components, signal);
  }

  /** Tells the requester how far it is when it is begun, and now and then; one that does not know the assignment cancels it so. */
  async #report(signal: AbortSignal): Promise<void> {
    const { requests, log } = this.#components;
    signal.addEventListener('abort', () => this.#news.raise(), { once: true });
    while (!signal.aborted) {
      await this.#news.wait(this.#timings.report);
      if (signal.aborted) return;
      try {
        const answer = await requests.request(this.#task.source, this.progress(), { signal });
        if (answer?.message.kind === 'cancellation') this.cancel(unneeded(answer.message.reason));
      } catch (error) {
        if (!signal.aborted) log.debug({ err: error }, 'a report did not arrive');
      }
    }
  }

  async #giveBack(error: unknown): Promise<RequesterDeed | undefined> {
    const { signer, log } = this.#components;
    log.debug({ err: error }, 'segment failed');
    const { reason, detail } = refusalOf(error);
    this.#wait();
    const sign = () => signer.sign<Refusal>({ kind: 'refusal', ...this.#head, reason, detail });
    try {
      await this.#deliver(sign, AbortSignal.any([this.#cancel.signal, AbortSignal.timeout(giveBackMs)]));
    } catch (error) {
      log.debug({ err: error }, 'a refusal did not arrive');
    }
    return reason === 'artifact' ? 'wasted' : undefined;
  }

  #wait(): void {
    this.#isWaiting = true;
    this.#components.onWaiting();
  }

  async #end(): Promise<void> {
    const { records, artifacts } = this.#components;
    await artifacts.release(this.#hold);
    await records.end(this.#task.id, this.assignment);
  }

  /** What its proof is kept for in the store. */
  get #hold(): string {
    return `assignment/${this.#task.id}`;
  }

  /** For the log. */
  get #about() {
    return { ...this.#head, requester: this.#task.source.peer };
  }

  get #head() {
    const { job, segment } = this.assignment;
    return { job, segment, assignment: this.#task.id };
  }
}

/** How an assignment ended, for the log; one that is `interrupted` is gone on with at the next start. */
interface Ending {
  outcome: 'proven' | 'edge mismatch' | 'refused' | 'given up' | 'interrupted' | 'failed';
  why?: string;
}

/** Why an assignment is given up that its requester cancels. */
export function unneeded(reason: string): string {
  return `no longer needed: ${reason}`;
}

/** Milliseconds for which a segment that failed is offered back. */
const giveBackMs = 30_000;
