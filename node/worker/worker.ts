import { hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import {
  type Assignment,
  type Cancellation,
  type Offer,
  openMessage,
  type Refusal,
  type SignedMessage,
  type WorkerStage,
} from '../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { KindHandlers } from '../job/message-router.ts';
import type { Signer } from '../job/signer.ts';
import type { RequestProtocol } from '../network/request-protocol.ts';
import type { Logger } from '../peer/log.ts';
import type { Records } from '../store/index.ts';
import { Admission } from './admission.ts';
import { AssignmentRun, unneeded, type WorkerTimings } from './assignment-run.ts';
import type { Objection, WorkerLimits } from './limits.ts';
import type { SegmentWork } from './segment-work.ts';
import { WorkPlaces } from './work-places.ts';
import { type EndedWork, type WorkRecord, WorkRecords } from './work-record.ts';

export const defaultWorkerTimings: WorkerTimings = { report: 2_000, retry: 500 };

export interface WorkerInit {
  limits: WorkerLimits;
  /** Names of the provers that it has. */
  provers: ReadonlySet<string>;
  timings?: Partial<WorkerTimings>;
  /** Shared with other work of this machine under the same limits; its own unless given. */
  places?: WorkPlaces;
  /**
   * Assignments of which requesters may not have heard yet what came of them, 1,024 unless given; of more, the one that
   * was taken first is given up.
   */
  waiting?: number;
}

export interface WorkerComponents {
  signer: Signer;
  requests: Pick<RequestProtocol, 'request'>;
  artifacts: Pick<ArtifactAccess, 'put' | 'release'>;
  records: Records<WorkRecord | EndedWork>;
  work: SegmentWork;
  /** Bytes that are free where segments are worked on. */
  freeDisk: () => Promise<number>;
  log: Logger;
  /** Is told whenever places become free or taken. */
  onLoad?: () => void;
}

/** Takes assignments within its limits and has them worked on, until each is over. */
export class Worker {
  readonly #init: WorkerInit;
  readonly #timings: WorkerTimings;
  readonly #components: WorkerComponents;
  readonly #records: WorkRecords;
  readonly #admission: Admission;
  readonly #places: WorkPlaces;
  /** By the assignments' ids, in the order in which they were taken. */
  readonly #runs = new Map<Hex32, { run: AssignmentRun; ended: Promise<void> }>();
  #stopped = false;

  constructor(init: WorkerInit, components: WorkerComponents) {
    const { signer, records, freeDisk } = components;
    this.#init = init;
    this.#timings = { ...defaultWorkerTimings, ...init.timings };
    this.#components = components;
    this.#records = new WorkRecords(records, () => signer.now());
    this.#places = init.places ?? new WorkPlaces(init.limits);
    const held = () => this.#working.map(({ assignment }) => assignment.sender);
    this.#admission = new Admission(init, { signer, records: this.#records, freeDisk, held });
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
    return { total, free: Math.max(0, total - this.#working.length) };
  }

  /** Stages of the segments that it has, by job and index. */
  get segments(): readonly { job: Hex32; segment: number; stage: WorkerStage }[] {
    return this.#all.map(({ assignment: { job, segment }, stage }) => ({ job, segment, stage }));
  }

  /** Goes on with what it had when it was stopped or killed. */
  async start(): Promise<void> {
    for await (const [id, record] of this.#records.unfinished()) {
      try {
        this.#begin(openMessage(hexToBytes(record.assignment)) as SignedMessage<Assignment>, record);
      } catch (err) {
        // Damaged, or of another version: its requester takes this node for one that cannot be reached.
        this.#components.log.warn(
          { err, assignment: id },
          'a kept assignment cannot be read, and is forgotten',
        );
        await this.#records.forget(id);
      }
    }
  }

  /** Stops working; what is unfinished stays in the store. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const run of this.#all) run.stop();
    await Promise.allSettled([...this.#runs.values()].map(({ ended }) => ended));
  }

  /** Remembers an offer: assignments of its job are taken from its sender only. */
  noteOffer(offer: Offer): void {
    this.#admission.noteOffer(offer);
    for (const run of this.#all) {
      const { sender, job } = run.assignment;
      if (job === offer.job && sender === offer.sender) run.redirect(offer.addresses);
    }
  }

  /** Stops working on what its requester no longer needs. */
  cancel({ sender, job, segment, reason }: Cancellation): void {
    // An assignment of the job may still be on its way.
    if (segment === undefined) this.#admission.forgetOffer(sender, job);
    for (const run of this.#all) {
      const { assignment } = run;
      if (assignment.sender !== sender || assignment.job !== job) continue;
      if (segment === undefined || assignment.segment === segment) run.cancel(unneeded(reason));
    }
  }

  get #all(): AssignmentRun[] {
    return [...this.#runs.values()].map(({ run }) => run);
  }

  /** Those that need a place. */
  get #working(): AssignmentRun[] {
    return this.#all.filter(({ isWaiting }) => !isWaiting);
  }

  async #consider(signed: SignedMessage<Assignment>): Promise<SignedMessage> {
    const known = this.#runs.get(signed.id)?.run;
    if (known !== undefined) return known.progress();
    const answer = await this.#admission.admit(signed, (record) => {
      // It is kept for the next start; its requester takes this node for one that cannot be reached.
      if (this.#stopped) throw new TesseraError('ABORTED', { message: 'The node stops' });
      // The same may have come twice at once.
      return this.#runs.get(signed.id)?.run ?? this.#begin(signed, record);
    });
    return 'taken' in answer ? answer.taken.progress() : this.#refuse(signed, answer.objection);
  }

  #begin(signed: SignedMessage<Assignment>, record: WorkRecord): AssignmentRun {
    const { onLoad, log } = this.#components;
    const run = new AssignmentRun(
      { signed, record, timings: this.#timings },
      {
        ...this.#components,
        records: this.#records,
        places: this.#places,
        onWaiting: () => {
          this.#limitWaiting();
          onLoad?.();
        },
      },
    );
    const { sender, job, segment } = run.assignment;
    const ended = run
      .run()
      .then((deed) => {
        if (deed !== undefined) this.#admission.judge(sender, deed);
      })
      .catch((error: unknown) => log.error({ err: error, job, segment }, 'an assignment cannot be ended'))
      .finally(() => {
        this.#runs.delete(signed.id);
        onLoad?.();
      });
    this.#runs.set(signed.id, { run, ended });
    onLoad?.();
    return run;
  }

  /** So that requesters who never hear of what they asked for do not fill this node. */
  #limitWaiting(): void {
    const waiting = this.#all.filter(({ isWaiting }) => isWaiting);
    if (waiting.length > (this.#init.waiting ?? 1_024)) waiting[0]?.cancel('its requester was not reached');
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
