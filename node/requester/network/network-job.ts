import { hexToBytes } from '@noble/hashes/utils.js';
import type { Proof } from '../../../protocol/certificate.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Cancellation, Offer, SignedMessage } from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Signer } from '../../job/signer.ts';
import type { Reach } from '../../network/connection-keeper.ts';
import type { Logger } from '../../peer/log.ts';
import { Assigner } from './assigner.ts';
import type { ClaimPolicy } from './claim-policy.ts';
import type { EdgeJudge } from './edge-judge.ts';
import { JobCancellations } from './job-cancellations.ts';
import { JobInbox } from './job-inbox.ts';
import type { OpenJobRecord } from './job-record.ts';
import { JobState } from './job-state.ts';
import type { JobTurns, TurnTaker } from './job-turns.ts';
import { defaultNetworkJobTimings, type NetworkJobTimings } from './network-job-timings.ts';
import type { ProofJudge } from './proof-judge.ts';
import type { PublishedJob } from './publish-segments.ts';
import type { SegmentEvent } from './segment-event.ts';
import { SegmentLedger } from './segment-ledger.ts';
import type { SegmentNeed } from './segment-need.ts';
import { ServiceWatch } from './service-watch.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import type { WorkerLink } from './worker-link.ts';

export interface NetworkJobInit {
  id: Hex32;
  /** The job's offer, fresh. */
  offer: () => SignedMessage<Offer>;
  published: Pick<PublishedJob, 'segments'>;
  needs: readonly SegmentNeed[];
  /** The only workers that may have it; everybody unless given. */
  invited?: ReadonlySet<Hex32>;
  timings?: Partial<NetworkJobTimings>;
}

export interface NetworkJobComponents {
  signer: Signer;
  directory: WorkerDirectory;
  /** Of all jobs that use the same workers. */
  turns: JobTurns;
  policy: ClaimPolicy;
  link: WorkerLink;
  proofs: ProofJudge;
  edges: EdgeJudge;
  /** What is known already, of an earlier run. */
  record: OpenJobRecord;
  /** Says the job to everybody, anew: workers answer by their bids. */
  sayOffer: () => Promise<void>;
  /** Says a cancellation to everybody. */
  announce: (message: SignedMessage<Cancellation>) => Promise<void>;
  reach: () => Reach;
  log: Logger;
  onEvent?: (event: SegmentEvent) => void;
  /** Is told that nobody is connected, and why: for people. */
  onAlone: (message: string) => void;
}

/**
 * Has one job proven by other peers. The assigner gives segments away, the inbox takes what comes back; both change the
 * state, and neither knows the other.
 */
export class NetworkJob implements TurnTaker {
  readonly #components: NetworkJobComponents;
  readonly #timings: NetworkJobTimings;
  readonly #cancellations: JobCancellations;
  readonly #state: JobState;
  readonly #assigner: Assigner;
  /** What its workers have to say. */
  readonly inbox: JobInbox;

  constructor(init: NetworkJobInit, components: NetworkJobComponents) {
    const { id, offer, published, needs, invited } = init;
    const { policy, turns, reach, onAlone } = components;
    const timings = { ...defaultNetworkJobTimings, ...init.timings };
    const cancellations = new JobCancellations(id, components);
    const state = new JobState(id, {
      ...components,
      ledger: new SegmentLedger(needs),
      cancellations,
      onRoom: () => turns.poke(),
    });
    const service = new ServiceWatch({
      needs,
      policy,
      patience: timings.patience,
      reach,
      onAlone,
      onUnsuited: (segment, reason) => state.tell(segment, 'unsuited', '', reason),
    });
    this.#assigner = new Assigner(
      { segments: published.segments, timings, ...(invited === undefined ? {} : { invited }) },
      { ...components, state, service, offer },
    );
    this.inbox = new JobInbox({ ...components, state, cancellations });
    this.#components = components;
    this.#timings = timings;
    this.#cancellations = cancellations;
    this.#state = state;
  }

  /**
   * Runs the job until every segment has a proof. However it ends otherwise, what is proven is kept.
   *
   * @returns one proof a segment
   * @throws TesseraError `WORKER_MISSING` when nobody takes a segment, `EDGE_MISMATCH`, `ABORTED`
   */
  async run(signal: AbortSignal): Promise<readonly Proof[]> {
    throwIfAborted(signal);
    const state = this.#state;
    const { turns, record, log } = this.#components;
    const abort = () =>
      state.fail(new TesseraError('ABORTED', { message: 'The job was cancelled', cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#resume();
      throwIfAborted(signal);
      turns.add(this);
      return await state.result;
    } catch (error) {
      const mismatch = error instanceof TesseraError && error.code === 'EDGE_MISMATCH';
      const workers = state.segments.holdings.map(({ worker }) => worker);
      // To withdraw takes seconds: nothing is given out meanwhile.
      turns.delete(this);
      state.end();
      await this.#cancellations.withdraw(mismatch ? 'mismatch' : 'withdrawn', workers);
      await record
        .withdraw()
        .catch((err: unknown) => log.error({ err }, 'a job’s end cannot be written down'));
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      turns.delete(this);
      state.end();
    }
  }

  get held(): number {
    return this.#state.segments.holdings.length;
  }

  takeTurn(): void {
    this.#assigner.takeTurn();
  }

  /** A worker is there, again perhaps: one that has something of this job learns where its requester is now. */
  onBid(worker: Hex32): void {
    if (this.#state.segments.holdings.some((holding) => holding.worker === worker)) this.#greet(worker);
  }

  /** Takes up what an earlier run had: assignments that may still be answered, and proofs, judged again. */
  async #resume(): Promise<void> {
    const { record, proofs, directory } = this.#components;
    const state = this.#state;
    // All at once: a worker that answers one meanwhile is not to be told that nobody waits for it.
    for (const [segment, { assignments = [] }] of record.segments) {
      for (const assignment of assignments) state.resume(segment, assignment, this.#timings.slack.least);
    }
    for (const worker of new Set(state.segments.holdings.map((holding) => holding.worker))) {
      if (directory.find(worker) !== undefined) this.#greet(worker);
    }
    for (const [segment, { proven }] of record.segments) {
      if (proven === undefined) continue;
      const verdict = await proofs.judgeBytes(segment, hexToBytes(proven.proof), state.ended);
      if (verdict.kind === 'valid') state.restore(segment, proven.worker, verdict.proof);
    }
  }

  #greet(worker: Hex32): void {
    const { link, log } = this.#components;
    link.tell(worker, this.#state.ended).catch((error: unknown) => {
      log.debug({ err: error, worker }, 'a worker cannot be told of the job');
    });
  }
}
