import { hexToBytes } from '@noble/hashes/utils.js';
import type { Proof } from '../../../protocol/certificate.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { proofFormat } from '../../../protocol/job/index.ts';
import type {
  Assignment,
  Cancellation,
  CancellationReason,
  EdgeMismatch,
  Offer,
  Refusal,
  RefusalReason,
  SignedMessage,
  Submission,
  WorkerProgress,
} from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Signer } from '../../job/signer.ts';
import type { Logger } from '../../peer/log.ts';
import type { Candidate, Claim, ClaimPolicy, OpenSegment } from './claim-policy.ts';
import type { EdgeJudge } from './edge-judge.ts';
import type { OpenJobRecord } from './job-record.ts';
import type { ProofJudge } from './proof-judge.ts';
import type { PublishedJob } from './publish-segments.ts';
import type { SegmentEvent } from './segment-event.ts';
import { SegmentLedger } from './segment-ledger.ts';
import type { SegmentNeed } from './segment-need.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import type { AssignmentAnswer, WorkerLink } from './worker-link.ts';
import { describeUnsuited, type Unsuited, workerMissing } from './worker-missing.ts';

export interface NetworkJobTimings {
  /** Milliseconds without a word from a worker until its segment goes to another one. */
  silence: number;
  /** Milliseconds in which no worker may take anything, until the job is given up. */
  patience: number;
  /** How much longer than expected a segment may take, and the milliseconds that it has in any case. */
  slack: { factor: number; least: number };
}

export const defaultNetworkJobTimings: NetworkJobTimings = {
  silence: 12_000,
  patience: 120_000,
  slack: { factor: 5, least: 120_000 },
};

export interface NetworkJobInit {
  id: Hex32;
  /** The job's offer, fresh. */
  offer: () => SignedMessage<Offer>;
  published: PublishedJob;
  needs: readonly SegmentNeed[];
  /** The only workers that may have it; everybody unless given. */
  invited?: ReadonlySet<Hex32>;
  timings?: Partial<NetworkJobTimings>;
}

export interface NetworkJobComponents {
  signer: Signer;
  directory: WorkerDirectory;
  policy: ClaimPolicy;
  link: WorkerLink;
  proofs: ProofJudge;
  edges: EdgeJudge;
  /** What is known already, of an earlier run. */
  record: OpenJobRecord;
  /** Says the job to everybody, anew: workers answer by their bids. */
  offer: () => Promise<void>;
  /** Says a cancellation to everybody. */
  announce: (message: SignedMessage<Cancellation>) => Promise<void>;
  log: Logger;
  onEvent?: (event: SegmentEvent) => void;
}

/** Proves one job by other peers: assigns, watches, has judged what comes, and assigns anew what did not come. */
export class NetworkJob {
  readonly #init: NetworkJobInit;
  readonly #components: NetworkJobComponents;
  readonly #timings: NetworkJobTimings;
  readonly #ledger: SegmentLedger;
  readonly #proofs: Proof[] = [];
  /** Assignments whose submission is being judged. */
  readonly #judging = new Set<Hex32>();
  readonly #done = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  #poked = false;
  #offeredAt = -Infinity;
  /** When a worker was last at work, or none was needed. */
  #servedAt = performance.now();
  /** What was last said of a segment that nobody suits. */
  #unsuitedTold: string | undefined;

  constructor(init: NetworkJobInit, components: NetworkJobComponents) {
    this.#init = init;
    this.#components = components;
    this.#timings = { ...defaultNetworkJobTimings, ...init.timings };
    this.#ledger = new SegmentLedger(init.needs);
  }

  get id(): Hex32 {
    return this.#init.id;
  }

  /**
   * Runs the job until every segment has a proof. However it ends otherwise, what is proven is kept.
   *
   * @returns one proof a segment
   * @throws TesseraError `WORKER_MISSING` when nobody takes a segment, `EDGE_MISMATCH`, `ABORTED`
   */
  async run(signal: AbortSignal): Promise<readonly Proof[]> {
    throwIfAborted(signal);
    const abort = () =>
      this.#done.reject(
        new TesseraError('ABORTED', { message: 'The job was cancelled', cause: signal.reason }),
      );
    signal.addEventListener('abort', abort, { once: true });
    // It is awaited below, and may fail before.
    this.#done.promise.catch(() => undefined);
    const timer = setInterval(() => this.poke(), pokeMs);
    try {
      await this.#resume();
      this.poke();
      await this.#done.promise;
      return this.#proofs;
    } catch (error) {
      const mismatch = error instanceof TesseraError && error.code === 'EDGE_MISMATCH';
      await this.#withdraw(mismatch ? 'mismatch' : 'withdrawn');
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      clearInterval(timer);
      this.#ended.abort();
      for (const { segment } of this.#ledger.holdings) this.#release(segment);
    }
  }

  /** Looks again, soon, at what can be assigned. */
  poke(): void {
    if (this.#poked) return;
    this.#poked = true;
    queueMicrotask(() => {
      this.#poked = false;
      if (!this.#ended.signal.aborted) this.#follow(this.#schedule());
    });
  }

  /** A worker is there, again perhaps: one that has something of this job learns where its requester is now. */
  onBid(worker: Hex32): void {
    this.poke();
    if (!this.#ledger.holdings.some((holding) => holding.worker === worker)) return;
    this.#components.link.tell(worker, this.#ended.signal).catch((error: unknown) => {
      this.#components.log.debug({ err: error, worker }, 'a worker cannot be told of the job');
    });
  }

  async onProgress({ message }: SignedMessage<WorkerProgress>): Promise<SignedMessage | undefined> {
    const { segment, stage, sender } = message;
    if (!this.#ledger.holds(claimantOf(message))) {
      return this.#cancellation(this.#ledger.isAccepted(segment) ? 'proven' : 'reassigned', segment);
    }
    this.#ledger.hear(segment, performance.now());
    this.#tell(segment, stage, sender);
    return undefined;
  }

  async onRefusal({ message }: SignedMessage<Refusal>): Promise<undefined> {
    if (this.#ledger.holds(claimantOf(message))) this.#refused(message);
    return undefined;
  }

  /** A submission is acknowledged when it is judged; a wrong one ends its worker's part in every job. */
  async onSubmission({ message }: SignedMessage<Submission>): Promise<SignedMessage | undefined> {
    const { segment, assignment, sender } = message;
    if (this.#ledger.isAccepted(segment)) return undefined;
    if (!this.#ledger.wasGiven(claimantOf(message))) return this.#cancellation('reassigned', segment);
    if (this.#judging.has(assignment)) {
      throw new TesseraError('NETWORK_FAILED', {
        message: `A submission of assignment ${assignment} is being judged`,
      });
    }
    this.#judging.add(assignment);
    try {
      await this.#judge(message);
    } catch (error) {
      throwIfAborted(this.#ended.signal);
      this.#components.log.info({ job: this.id, segment, worker: sender, err: error }, 'no proof came');
      if (this.#ledger.holds(claimantOf(message))) await this.#broken(segment, 'it does not serve its proof');
      return this.#cancellation('reassigned', segment);
    } finally {
      this.#judging.delete(assignment);
    }
    return undefined;
  }

  /** A worker says that the job fixes other values than its segment gives: this machine finds out who is right. */
  async onMismatch({ message }: SignedMessage<EdgeMismatch>): Promise<undefined> {
    const { segment, sender, edge, block } = message;
    if (!this.#ledger.holds(claimantOf(message))) return undefined;
    const { id } = this.#init.needs[segment] as SegmentNeed;
    if (await this.#components.edges.holds(segment, this.#ended.signal)) {
      await this.#dismiss(segment, sender, 'it claims an edge mismatch where there is none');
      return undefined;
    }
    this.#done.reject(
      new TesseraError('EDGE_MISMATCH', {
        message: `A worker computed another value of edge ${edge}, block ${block}, in segment ${id} than the job fixes, and so does this machine now`,
        remedy: 'Run the job again; if this comes back, this machine’s memory or disk may be failing.',
        details: { segment: id, edge, block, worker: sender },
      }),
    );
    return undefined;
  }

  /** Takes up what an earlier run had: proofs, judged again, and assignments that may still be answered. */
  async #resume(): Promise<void> {
    const { record, proofs, directory } = this.#components;
    for (const [segment, { proof, assignment }] of record.segments) {
      if (proof !== undefined) {
        const verdict = await proofs.judgeBytes(segment, hexToBytes(proof), this.#ended.signal);
        if (verdict.kind === 'valid') {
          this.#proofs[segment] = verdict.proof;
          this.#ledger.accept(segment);
          continue;
        }
      }
      if (assignment === undefined) continue;
      const { id, worker, attempt } = assignment;
      const now = performance.now();
      this.#ledger.assign(
        segment,
        { id, worker, heardAt: now, endsAt: now + this.#timings.slack.least },
        attempt,
      );
      directory.take(worker, id, this.#init.needs[segment]?.units ?? 0);
      if (directory.find(worker) !== undefined) this.onBid(worker);
    }
    if (this.#ledger.isComplete) this.#done.resolve();
  }

  async #schedule(): Promise<void> {
    const now = performance.now();
    const { policy } = this.#components;
    for (const { segment, holding, reason } of this.#ledger.lapsed(now, this.#timings.silence)) {
      if (!this.#judging.has(holding.id)) await this.#broken(segment, reason);
    }
    const { open } = this.#ledger;
    for (const claim of policy.decide(open, this.#candidates())) this.#follow(this.#assign(claim));
    this.#seek(now);
    this.#requireService(open);
  }

  /** Offers the job, and again while nobody takes all of it: who has joined since has not heard of it. */
  #seek(now: number): void {
    const isFirst = this.#offeredAt === -Infinity;
    if (!isFirst && (this.#ledger.open.length === 0 || now - this.#offeredAt < offerMs)) return;
    this.#offeredAt = now;
    this.#components.offer().catch((error: unknown) => {
      this.#components.log.debug({ err: error }, 'the job was not offered again');
    });
  }

  #candidates(): Candidate[] {
    const { invited } = this.#init;
    const known = this.#components.directory.candidates();
    return invited === undefined ? known : known.filter(({ worker }) => invited.has(worker));
  }

  /** @throws TesseraError `WORKER_MISSING` when nobody has taken anything for too long */
  #requireService(open: readonly OpenSegment[]): void {
    const now = performance.now();
    if (open.length === 0 || this.#ledger.isWorking) this.#servedAt = now;
    const unsuited = this.#unsuited(open);
    if (unsuited.obstacles.size > 0) this.#tellUnsuited(unsuited);
    if (now - this.#servedAt >= this.#timings.patience) throw workerMissing(unsuited);
  }

  /** The first open segment that no known worker suits, or the first of all where there is none. */
  #unsuited(open: readonly OpenSegment[]): Unsuited & { segment: number } {
    const { policy } = this.#components;
    const candidates = this.#candidates();
    let segment = open[0]?.segment ?? 0;
    let obstacles: Unsuited['obstacles'] = new Map();
    for (const one of open) {
      const found = policy.obstacles(one, candidates);
      if (found.size === 0) continue;
      [segment, obstacles] = [one.segment, found];
      break;
    }
    return { segment, need: this.#init.needs[segment] as SegmentNeed, obstacles, candidates };
  }

  /** Says at once what the job waits for: its owner may rather slice it anew than wait. */
  #tellUnsuited(unsuited: Unsuited & { segment: number }): void {
    const { why, remedy } = describeUnsuited(unsuited);
    const reason = `${why}. ${remedy}`;
    if (this.#unsuitedTold === reason) return;
    this.#unsuitedTold = reason;
    this.#tell(unsuited.segment, 'unsuited', '', reason);
  }

  async #assign({ segment, worker, expectedSeconds }: Claim): Promise<void> {
    const { directory, link, log, record } = this.#components;
    const need = this.#ledger.needOf(segment);
    const { factor, least } = this.#timings.slack;
    const time = Math.min(factor * 1_000 * expectedSeconds + least, maxAssignmentMs);
    const signed = this.#signAssignment(segment, worker, time);
    if (signed === undefined || need === undefined) return;
    const attempt = this.#ledger.attemptsOf(segment);
    const now = performance.now();
    this.#ledger.assign(segment, { id: signed.id, worker, heardAt: now, endsAt: now + time });
    directory.take(worker, signed.id, need.units);
    await record.save(segment, { assignment: { id: signed.id, worker, attempt } });
    this.#tell(segment, 'assigned', worker);
    let answer: AssignmentAnswer;
    try {
      answer = await link.assign(worker, signed, this.#ended.signal);
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      log.debug({ err: error, worker }, 'a worker cannot be reached');
      answer = { kind: 'no answer' };
    }
    if (!this.#ledger.holds({ segment, assignment: signed.id, worker })) return;
    switch (answer.kind) {
      case 'taken':
        this.#ledger.hear(segment, performance.now());
        break;
      case 'refused':
        this.#refused(answer.refusal);
        break;
      case 'unknown offer':
        this.#reopen(segment, 'it was started anew');
        break;
      case 'no answer':
        await this.#broken(segment, 'it did not answer');
    }
  }

  #signAssignment(segment: number, worker: Hex32, time: number): SignedMessage<Assignment> | undefined {
    const { signer, directory } = this.#components;
    const { published, offer } = this.#init;
    const known = directory.find(worker);
    const named = published.segments[segment];
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
      attempt: this.#ledger.attemptsOf(segment),
      artifacts: named.artifacts,
      inputs: named.inputs,
      price,
      deadline: Math.round(signer.now() + time),
    });
  }

  #refused({ segment, reason, detail, sender }: Refusal): void {
    const { directory, log } = this.#components;
    log.info({ job: this.id, segment, worker: sender, reason, detail }, 'segment refused');
    // What passes counts as one failure; what the worker is or asks for stays as it is.
    if (reason !== 'busy' && passing.has(reason)) this.#ledger.fail(segment, sender);
    if (passing.has(reason)) directory.pause(sender);
    else this.#ledger.bar(segment, sender, reason);
    this.#reopen(segment, `${reason}: ${detail}`);
  }

  /** A worker did not keep what it took. */
  async #broken(segment: number, reason: string): Promise<void> {
    const worker = this.#ledger.holdingOf(segment)?.worker;
    if (worker === undefined) return;
    const { directory } = this.#components;
    directory.pause(worker);
    this.#ledger.fail(segment, worker);
    this.#reopen(segment, reason);
    this.#cancel(segment, worker, 'reassigned');
    await directory.judge(worker, 'broken');
  }

  /** A worker sent what it cannot have computed. */
  async #dismiss(segment: number, worker: Hex32, reason: string): Promise<void> {
    const { directory, log } = this.#components;
    log.warn({ job: this.id, segment, worker, reason }, 'a worker gets nothing more');
    const judged = directory.judge(worker, 'lied');
    this.#ledger.disown(segment, worker);
    for (const holding of this.#ledger.holdings) {
      if (holding.worker === worker) this.#reopen(holding.segment, reason);
    }
    await judged;
  }

  #reopen(segment: number, reason: string): void {
    const worker = this.#release(segment) ?? '';
    this.#tell(segment, 'open', worker, reason);
    this.poke();
  }

  /** @returns whose the segment was */
  #release(segment: number): Hex32 | undefined {
    const holding = this.#ledger.release(segment);
    if (holding !== undefined) this.#components.directory.give(holding.worker, holding.id);
    return holding?.worker;
  }

  async #judge(message: Submission): Promise<void> {
    const { segment, sender } = message;
    const { proofs, directory, record } = this.#components;
    if (this.#ledger.holds(claimantOf(message))) this.#ledger.hear(segment, performance.now());
    const verdict = await proofs.judgeSubmission(message, directory.sourceOf(sender), this.#ended.signal);
    if (verdict.kind === 'wrong') return this.#dismiss(segment, sender, verdict.reason);
    if (this.#ledger.isAccepted(segment)) return;
    const proof = Buffer.from(proofFormat.encode(verdict.proof)).toString('hex');
    const superseded = this.#release(segment);
    this.#ledger.accept(segment);
    this.#proofs[segment] = verdict.proof;
    // Kept before it is acknowledged: nothing that was accepted is proven again.
    await record.save(segment, { proof });
    await directory.judge(sender, 'kept');
    this.#tell(segment, 'accepted', sender);
    if (superseded !== undefined && superseded !== sender) this.#cancel(segment, superseded, 'proven');
    if (this.#ledger.isComplete) this.#done.resolve();
    this.poke();
  }

  #cancellation(reason: CancellationReason, segment?: number): SignedMessage<Cancellation> {
    return this.#components.signer.sign<Cancellation>({
      kind: 'cancellation',
      job: this.id,
      ...(segment === undefined ? {} : { segment }),
      reason,
    });
  }

  #cancel(segment: number, worker: Hex32, reason: CancellationReason): void {
    const { link, log } = this.#components;
    link.cancel(worker, this.#cancellation(reason, segment)).catch((error: unknown) => {
      log.debug({ err: error, worker }, 'a cancellation did not arrive');
    });
  }

  /** Tells all workers that nothing more is needed of them; what is proven stays in the record. */
  async #withdraw(reason: CancellationReason): Promise<void> {
    const { link, announce, record, log } = this.#components;
    const message = this.#cancellation(reason);
    const workers = new Set(this.#ledger.holdings.map(({ worker }) => worker));
    const told = [...workers].map((worker) => link.cancel(worker, message));
    for (const result of await Promise.allSettled([...told, announce(message)])) {
      if (result.status === 'rejected') log.debug({ err: result.reason }, 'a cancellation did not arrive');
    }
    await record.withdraw();
  }

  /** Lets work go on by itself: it ends the job if it fails. */
  #follow(work: Promise<void>): void {
    work.catch((error: unknown) => this.#done.reject(error));
  }

  #tell(segment: number, state: SegmentEvent['state'], worker: Hex32, reason?: string): void {
    const { id } = this.#init.needs[segment] as SegmentNeed;
    this.#components.onEvent?.({ segment, id, state, worker, ...(reason === undefined ? {} : { reason }) });
  }
}

/** Milliseconds between two offers. */
const offerMs = 4_000;

/** Milliseconds between two looks at what fell silent. */
const pokeMs = 500;

/** The longest time for one segment: an assignment itself holds no longer. */
const maxAssignmentMs = 24 * 3_600_000;

/** Reasons for a refusal that may be over soon. */
const passing: ReadonlySet<RefusalReason> = new Set(['busy', 'disk', 'artifact', 'failed', 'deadline']);

function claimantOf({ segment, assignment, sender }: { segment: number; assignment: Hex32; sender: Hex32 }) {
  return { segment, assignment, worker: sender };
}
