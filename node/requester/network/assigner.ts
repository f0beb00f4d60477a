import type { Hex32 } from '../../../protocol/edge.ts';
import {
  type Assignment,
  messageLimits,
  type Offer,
  type SignedMessage,
} from '../../../protocol/messages/index.ts';
import type { Signer } from '../../job/signer.ts';
import type { Logger } from '../../peer/log.ts';
import type { Candidate, Claim, ClaimPolicy } from './claim-policy.ts';
import type { JobState } from './job-state.ts';
import type { NetworkJobTimings } from './network-job-timings.ts';
import type { PublishedSegment } from './publish-segments.ts';
import type { ServiceWatch } from './service-watch.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import type { AssignmentAnswer, WorkerLink } from './worker-link.ts';

export interface AssignerInit {
  /** What assignments name, by segment. */
  segments: readonly PublishedSegment[];
  /** The only workers that may have any; everybody unless given. */
  invited?: ReadonlySet<Hex32>;
  timings: Pick<NetworkJobTimings, 'silence' | 'slack'>;
}

export interface AssignerComponents {
  state: JobState;
  signer: Pick<Signer, 'sign' | 'now'>;
  directory: Pick<WorkerDirectory, 'candidates' | 'find'>;
  policy: Pick<ClaimPolicy, 'decide'>;
  link: Pick<WorkerLink, 'assign'>;
  service: Pick<ServiceWatch, 'look'>;
  /** The job's offer, fresh. */
  offer: () => SignedMessage<Offer>;
  /** Says the job to everybody, anew: workers answer by their bids. */
  sayOffer: () => Promise<void>;
  log: Logger;
}

/** Gives one job's open segments to workers, a turn at a time; what fails ends the job. */
export class Assigner {
  readonly #init: AssignerInit;
  readonly #components: AssignerComponents;
  #offeredAt = -Infinity;

  constructor(init: AssignerInit, components: AssignerComponents) {
    this.#init = init;
    this.#components = components;
  }

  /** Gives out what can be given out now. */
  takeTurn(): void {
    if (!this.#components.state.ended.aborted) this.#follow(this.#look());
  }

  async #look(): Promise<void> {
    const { state, policy, service } = this.#components;
    for (const { segment, holding, reason } of state.lapsed(this.#init.timings.silence)) {
      const claimant = { segment, assignment: holding.id, worker: holding.worker };
      await state.breach(claimant, reason, holding.taken);
    }
    if (state.ended.aborted) return;
    const { open } = state.segments;
    const candidates = this.#candidates();
    const now = performance.now();
    const claims = policy.decide(state.segments.pending(now), candidates);
    for (const claim of claims) this.#follow(this.#assign(claim));
    this.#seek(now);
    service.look({ open, candidates, isWorking: state.segments.isWorking }, now);
  }

  #candidates(): Candidate[] {
    const { invited } = this.#init;
    const known = this.#components.directory.candidates();
    return invited === undefined ? known : known.filter(({ worker }) => invited.has(worker));
  }

  /** Offers the job, and again while nobody takes all of it: who has joined since has not heard of it. */
  #seek(now: number): void {
    const { state, sayOffer, log } = this.#components;
    const isFirst = this.#offeredAt === -Infinity;
    if (!isFirst && (state.segments.open.length === 0 || now - this.#offeredAt < offerMs)) return;
    this.#offeredAt = now;
    sayOffer().catch((error: unknown) => log.debug({ err: error }, 'the job was not offered again'));
  }

  async #assign({ segment, worker, expectedSeconds }: Claim): Promise<void> {
    const { state, link, log } = this.#components;
    const { factor, least } = this.#init.timings.slack;
    const time = Math.min(factor * 1_000 * expectedSeconds + least, messageLimits.assignment);
    const signed = this.#sign(segment, worker, time);
    if (signed === undefined) return;
    const { id } = signed;
    await state.assign(segment, { id, worker }, time);
    const claimant = { segment, assignment: id, worker };
    let answer: AssignmentAnswer;
    try {
      answer = await link.assign(worker, signed, state.ended);
    } catch (error) {
      if (state.ended.aborted) return;
      log.debug({ err: error, worker }, 'a worker cannot be reached');
      return state.breach(claimant, 'it cannot be reached', false);
    }
    if (!state.segments.holds(claimant)) return;
    switch (answer.kind) {
      case 'taken':
        state.hear(segment, worker);
        break;
      case 'refused':
        state.refuse(answer.refusal);
        break;
      case 'unknown offer':
        state.reopen(segment, worker, 'it was started anew');
        break;
      case 'no answer':
        await state.breach(claimant, 'it did not answer');
    }
  }

  #sign(segment: number, worker: Hex32, time: number): SignedMessage<Assignment> | undefined {
    const { state, signer, directory, offer } = this.#components;
    const known = directory.find(worker);
    const named = this.#init.segments[segment];
    if (known === undefined || named === undefined) return undefined;
    const { job, manifest, commitments, price } = offer().message;
    return signer.sign<Assignment>({
      kind: 'assignment',
      job,
      segment,
      worker,
      manifest,
      commitments,
      bid: known.bid.id,
      attempt: state.segments.attemptsOf(segment),
      artifacts: named.artifacts,
      inputs: named.inputs,
      price,
      deadline: Math.round(signer.now() + time),
    });
  }

  /** Lets work go on by itself: it ends the job if it fails. */
  #follow(work: Promise<void>): void {
    work.catch((error: unknown) => this.#components.state.fail(error));
  }
}

/** Milliseconds between two offers. */
const offerMs = 4_000;
