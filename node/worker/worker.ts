import { setTimeout as sleep } from 'node:timers/promises';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../protocol/edge.ts';
import { proofFormat } from '../../protocol/job/index.ts';
import {
  type Assignment,
  type Cancellation,
  type EdgeMismatch,
  forgettableAt,
  messageLimits,
  type Offer,
  openMessage,
  peerIdOf,
  type Refusal,
  type SignedMessage,
  type Submission,
  type WorkerProgress,
  type WorkerStage,
} from '../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { KindHandlers } from '../job/message-router.ts';
import type { Signer } from '../job/signer.ts';
import type { RequestProtocol } from '../network/request-protocol.ts';
import type { Logger } from '../peer/log.ts';
import type { Records } from '../store/index.ts';
import { Admission } from './admission.ts';
import { deliver } from './delivery.ts';
import type { Objection, WorkerLimits } from './limits.ts';
import { refusalOf } from './refusal.ts';
import type { SegmentOutcome, SegmentTask, SegmentWork } from './segment-work.ts';
import { WorkPlaces } from './work-places.ts';
import type { WorkRecord } from './work-record.ts';

export interface WorkerTimings {
  /** Milliseconds between two reports to the requester. */
  report: number;
  /** Milliseconds before a message that did not arrive is sent again; longer from time to time. */
  retry: number;
}

export const defaultWorkerTimings: WorkerTimings = { report: 2_000, retry: 500 };

export interface WorkerInit {
  limits: WorkerLimits;
  /** Names of the provers that it has. */
  provers: ReadonlySet<string>;
  timings?: Partial<WorkerTimings>;
}

export interface WorkerComponents {
  signer: Signer;
  requests: Pick<RequestProtocol, 'request'>;
  artifacts: Pick<ArtifactAccess, 'put' | 'release'>;
  records: Records<WorkRecord>;
  work: SegmentWork;
  /** Bytes that are free where segments are worked on. */
  freeDisk: () => Promise<number>;
  log: Logger;
  /** Is told whenever places become free or taken. */
  onLoad?: () => void;
}

/** An assignment that is being worked on. */
interface Task {
  task: SegmentTask;
  record: WorkRecord;
  stage: WorkerStage;
  /** It failed, and its requester is to hear of it. */
  returned: boolean;
  /** On the clock of `performance.now()`. */
  endsAt: number;
  cancel: AbortController;
  ended: Promise<void>;
}

/** Takes assignments within its limits, works on them, and reports to whoever gave them. */
export class Worker {
  readonly #init: WorkerInit;
  readonly #timings: WorkerTimings;
  readonly #components: WorkerComponents;
  readonly #admission: Admission;
  readonly #tasks = new Map<Hex32, Task>();
  readonly #places: WorkPlaces;
  #stopped = false;

  constructor(init: WorkerInit, components: WorkerComponents) {
    this.#init = init;
    this.#timings = { ...defaultWorkerTimings, ...init.timings };
    this.#components = components;
    this.#places = new WorkPlaces(init.limits);
    const { signer, records, freeDisk } = components;
    const held = () => this.#unproven.map(({ task }) => task.assignment.sender);
    this.#admission = new Admission(init, { signer, records, freeDisk, held });
  }

  /** What it answers to peers. */
  readonly handlers: KindHandlers = {
    offer: async (signed) => {
      this.noteOffer(signed.message);
      return undefined;
    },
    assignment: (signed) => this.#consider(signed),
    cancellation: async (signed) => {
      this.cancel(signed.message);
      return undefined;
    },
  };

  /** How many segments it takes at once, and how many of those places are free. */
  get slots(): { total: number; free: number } {
    const total = this.#init.limits.parallel;
    return { total, free: Math.max(0, total - this.#unproven.length) };
  }

  /** Segments that still need a place: one that is proven, or given back, only waits for its requester to hear of it. */
  get #unproven(): Task[] {
    return [...this.#tasks.values()].filter(({ stage, returned }) => stage !== 'proven' && !returned);
  }

  /** Stages of the segments that it has, by job and index. */
  get segments(): readonly { job: Hex32; segment: number; stage: WorkerStage }[] {
    return [...this.#tasks.values()].map(({ task: { assignment }, stage }) => ({
      job: assignment.job,
      segment: assignment.segment,
      stage,
    }));
  }

  /** Goes on with what it had when it was stopped or killed. */
  async start(): Promise<void> {
    const { records, signer } = this.#components;
    for await (const [id, record] of records.entries()) {
      const signed = openMessage(hexToBytes(record.assignment)) as SignedMessage<Assignment>;
      if (record.ended !== true && record.endsAt > signer.now()) this.#begin(signed, record);
      else if (forgettableAt(signed.message) < signer.now()) await records.delete(id);
    }
  }

  /** Stops working; what is unfinished stays in the store. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const tasks = [...this.#tasks.values()];
    for (const { cancel } of tasks) cancel.abort(new Error('the node stops'));
    await Promise.allSettled(tasks.map(({ ended }) => ended));
  }

  /** Remembers an offer: assignments of its job are taken from its sender only. */
  noteOffer(offer: Offer): void {
    this.#admission.noteOffer(offer);
    // A requester that was started anew has other addresses.
    for (const { task } of this.#tasks.values()) {
      const { sender, job } = task.assignment;
      if (job === offer.job && sender === offer.sender) {
        task.source = { ...task.source, addresses: offer.addresses };
      }
    }
  }

  /** Stops working on what its requester no longer needs. */
  cancel({ sender, job, segment, reason }: Cancellation): void {
    for (const { task, cancel } of this.#tasks.values()) {
      const { assignment } = task;
      if (assignment.sender !== sender || assignment.job !== job) continue;
      if (segment === undefined || assignment.segment === segment) cancel.abort(new Unneeded(reason));
    }
  }

  async #consider(signed: SignedMessage<Assignment>): Promise<SignedMessage> {
    const running = this.#tasks.get(signed.id);
    if (running !== undefined) return this.#progress(running);
    const answer = await this.#admission.admit(signed, (record) => this.#begin(signed, record));
    return 'taken' in answer ? this.#progress(answer.taken) : this.#refuse(signed, answer.objection);
  }

  #begin(signed: SignedMessage<Assignment>, record: WorkRecord): Task {
    const { id, message: assignment } = signed;
    const entry: Task = {
      task: {
        id,
        assignment,
        source: { peer: peerIdOf(assignment.sender), addresses: record.addresses },
        access: record.access,
      },
      record,
      stage: record.proof === undefined ? 'queued' : 'proven',
      returned: false,
      endsAt: performance.now() + (record.endsAt - this.#components.signer.now()),
      cancel: new AbortController(),
      ended: Promise.resolve(),
    };
    this.#tasks.set(id, entry);
    this.#components.onLoad?.();
    entry.ended = this.#run(entry).finally(() => {
      this.#tasks.delete(id);
      this.#components.onLoad?.();
    });
    return entry;
  }

  async #run(entry: Task): Promise<void> {
    const { log } = this.#components;
    const { id, assignment } = entry.task;
    const about = { job: assignment.job, segment: assignment.segment, assignment: id };
    const overdue = AbortSignal.timeout(
      Math.ceil(Math.max(0, Math.min(entry.endsAt - performance.now(), 2 ** 31 - 1))),
    );
    const signal = AbortSignal.any([entry.cancel.signal, overdue]);
    const reporting = new AbortController();
    const reports = this.#report(entry, AbortSignal.any([signal, reporting.signal]));
    try {
      const sign = await this.#result(entry, signal);
      // Reports go on: a requester takes who says nothing for dead.
      await this.#deliver(entry, sign, signal);
      log.info(about, 'segment ended');
      await this.#end(entry);
    } catch (error) {
      reporting.abort();
      if (this.#stopped) return;
      const reason = signal.reason;
      log.info(
        { ...about, why: signal.aborted ? String(reason?.message ?? reason) : String(error) },
        'segment given up',
      );
      if (!signal.aborted) log.debug({ err: error }, 'segment failed');
      if (!signal.aborted) await this.#giveBack(entry, error);
      await this.#end(entry);
    } finally {
      reporting.abort();
      await reports;
    }
  }

  /** Works until there is something to say. */
  async #result(entry: Task, signal: AbortSignal): Promise<() => SignedMessage> {
    const { work } = this.#components;
    const { task, record } = entry;
    const made = record.proof;
    if (made !== undefined) return () => this.#submission(entry, made);
    const outcome = await work(task, {
      signal,
      onStage: (stage) => {
        entry.stage = stage;
      },
      exclusively: (memory, act) => this.#places.run(memory, signal, act),
    });
    if (outcome.kind === 'edge-mismatch') return () => this.#mismatch(entry, outcome);
    entry.stage = 'proven';
    const bytes = proofFormat.encode(outcome.proof);
    // Its requester alone wants it, and knows who has it.
    const artifact = await this.#components.artifacts.put(bytes, false);
    const proof = { cid: artifact.cid.toString(), size: bytes.length };
    entry.record = { ...record, proof };
    await this.#components.records.put(task.id, entry.record);
    return () => this.#submission(entry, proof, bytes);
  }

  #submission(
    { task }: Task,
    { cid, size }: { cid: string; size: number },
    bytes?: Uint8Array,
  ): SignedMessage<Submission> {
    const inline = bytes !== undefined && bytes.length <= messageLimits.inlineBytes ? { inline: bytes } : {};
    return this.#components.signer.sign<Submission>({
      kind: 'submission',
      ...headOf(task),
      proof: cid,
      size,
      ...inline,
    });
  }

  #mismatch(
    { task }: Task,
    { edge, block, committed, computed }: Extract<SegmentOutcome, { kind: 'edge-mismatch' }>,
  ): SignedMessage<EdgeMismatch> {
    const said = { edge, block, committed, computed };
    return this.#components.signer.sign<EdgeMismatch>({ kind: 'edge-mismatch', ...headOf(task), ...said });
  }

  /** Sends until the requester has it. An answer that cancels ends the matter, too. */
  async #deliver({ task }: Task, sign: () => SignedMessage, signal: AbortSignal): Promise<void> {
    const { retry } = this.#timings;
    await deliver({ target: () => task.source, sign, retry }, this.#components, signal);
  }

  /** Tells the requester now and then how far it is; one that does not know the assignment cancels it so. */
  async #report(entry: Task, signal: AbortSignal): Promise<void> {
    const { requests, log } = this.#components;
    while (!signal.aborted) {
      try {
        await sleep(this.#timings.report, undefined, { signal });
        const answer = await requests.request(entry.task.source, this.#progress(entry), { signal });
        if (answer?.message.kind === 'cancellation') this.cancel(answer.message);
      } catch (error) {
        if (!signal.aborted) log.debug({ err: error }, 'a report did not arrive');
      }
    }
  }

  async #giveBack(entry: Task, error: unknown): Promise<void> {
    const { reason, detail } = refusalOf(error);
    entry.returned = true;
    this.#components.onLoad?.();
    const sign = () =>
      this.#components.signer.sign<Refusal>({ kind: 'refusal', ...headOf(entry.task), reason, detail });
    const signal = AbortSignal.any([entry.cancel.signal, AbortSignal.timeout(giveBackMs)]);
    try {
      await this.#deliver(entry, sign, signal);
    } catch (error) {
      this.#components.log.debug({ err: error }, 'a refusal did not arrive');
    }
  }

  async #end({ task, record }: Task): Promise<void> {
    const { proof, ...rest } = record;
    await this.#components.records.put(task.id, { ...rest, ended: true });
    if (proof !== undefined) await this.#components.artifacts.release([proof.cid]);
  }

  #progress({ task, stage, endsAt }: Task): SignedMessage<WorkerProgress> {
    return this.#components.signer.sign<WorkerProgress>({
      kind: 'progress',
      ...headOf(task),
      stage,
      done: 0,
      remaining: Math.max(0, Math.round(endsAt - performance.now())),
    });
  }

  #refuse(
    { id, message: { job, segment } }: SignedMessage<Assignment>,
    { reason, detail }: Objection,
  ): SignedMessage<Refusal> {
    this.#components.log.debug({ job, segment, reason, detail }, 'assignment refused');
    const said = { job, segment, assignment: id, reason, detail };
    return this.#components.signer.sign<Refusal>({ kind: 'refusal', ...said });
  }
}

/** Milliseconds for which a segment that failed is offered back. */
const giveBackMs = 30_000;

/** The requester no longer needs a segment. */
class Unneeded extends Error {
  constructor(reason: Cancellation['reason']) {
    super(`no longer needed: ${reason}`);
  }
}

function headOf({ id, assignment: { job, segment } }: SegmentTask) {
  return { job, segment, assignment: id };
}
