import { hexToBytes } from '@noble/hashes/utils.js';
import type { Proof } from '../../../protocol/certificate.ts';
import { equalBytes } from '../../../protocol/check/equal-bytes.ts';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Segment } from '../../../protocol/graph.ts';
import { type Commitments, proofFormat } from '../../../protocol/job/index.ts';
import type {
  Assignment,
  Cancellation,
  CancellationReason,
  EdgeMismatch,
  Offer,
  Refusal,
  SignedMessage,
  Submission,
  WorkerProgress,
  WorkerStage,
} from '../../../protocol/messages/index.ts';
import { throwIfAborted } from '../../abort.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { Signer } from '../../job/signer.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { Logger } from '../../peer/log.ts';
import type { ClaimPolicy, OpenSegment } from './claim-policy.ts';
import type { JobRecord } from './job-record.ts';
import type { PublishedJob } from './publish-segments.ts';
import type { WorkerDirectory } from './worker-directory.ts';

/** What proving one segment takes. */
export interface SegmentNeed {
  id: string;
  prover: string;
  units: number;
  memory: number;
}

/** What happens to one segment. */
export interface SegmentEvent {
  segment: number;
  id: string;
  state: 'assigned' | WorkerStage | 'accepted' | 'open';
  worker: Hex32;
  /** Why it is open again. */
  reason?: string;
}

export interface NetworkJobTimings {
  /** Milliseconds without a word from a worker until its segment goes to another one. */
  silence: number;
  /** Milliseconds in which nobody who suits a segment may be known, until the job is given up. */
  patience: number;
  /** How much longer than expected a segment may take, and the milliseconds that it has in any case. */
  slack: { factor: number; least: number };
}

export const defaultNetworkJobTimings: NetworkJobTimings = {
  silence: 12_000,
  patience: 120_000,
  slack: { factor: 5, least: 120_000 },
};

/** Attempts of one segment, by whomever, until the job is given up. */
const maxAttempts = 12;

export interface NetworkJobInit {
  offer: SignedMessage<Offer>;
  published: PublishedJob;
  needs: readonly SegmentNeed[];
  segments: readonly Segment[];
  commitments: Commitments;
  /** What is known already, of an earlier run. */
  record: JobRecord;
  timings?: Partial<NetworkJobTimings>;
}

export interface NetworkJobComponents {
  signer: Signer;
  requests: Pick<RequestProtocol, 'request'>;
  artifacts: Pick<ArtifactAccess, 'put' | 'fetchBytes'>;
  directory: WorkerDirectory;
  policy: ClaimPolicy;
  /** What is wrong with a proof, in words; also what it binds at its ports. */
  judge: (
    segment: number,
    proof: Proof,
    signal: AbortSignal,
  ) => Promise<{ problem?: string; inputs?: readonly Uint8Array[]; outputs?: readonly Uint8Array[] }>;
  /** Runs a segment again: whether its edges are as they were committed. */
  confirm: (segment: number, signal: AbortSignal) => Promise<boolean>;
  /** Says a cancellation to everybody. */
  announce: (message: SignedMessage<Cancellation>) => Promise<void>;
  save: (record: JobRecord) => Promise<void>;
  log: Logger;
  onEvent?: (event: SegmentEvent) => void;
}

/** One segment of a job that is being proven. */
interface SegmentState {
  proof?: Proof;
  /** The assignment that holds. */
  current?: { id: Hex32; worker: Hex32; endsAt: number; heardAt: number };
  /** Every worker that ever had it. */
  workers: Map<Hex32, Hex32>;
  barred: Set<Hex32>;
  attempts: number;
  /** A submission that is being verified: the next one waits. */
  checking: Promise<void>;
}

/** Proves one job by other peers: assigns, watches, verifies what comes, and assigns anew what did not come. */
export class NetworkJob {
  readonly #init: NetworkJobInit;
  readonly #components: NetworkJobComponents;
  readonly #timings: NetworkJobTimings;
  readonly #states: SegmentState[];
  readonly #done = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #scheduling = false;
  #again = false;
  #suitedAt = performance.now();

  constructor(init: NetworkJobInit, components: NetworkJobComponents) {
    this.#init = init;
    this.#components = components;
    this.#timings = { ...defaultNetworkJobTimings, ...init.timings };
    this.#states = init.needs.map(() => ({
      workers: new Map(),
      barred: new Set(),
      attempts: 0,
      checking: Promise.resolve(),
    }));
  }

  get id(): Hex32 {
    return this.#init.offer.message.job;
  }

  /**
   * Runs the job until every segment has a proof.
   *
   * @returns one proof a segment
   * @throws TesseraError `WORKER_MISSING` when nobody suits a segment, `EDGE_MISMATCH`, `ABORTED`
   */
  async run(signal: AbortSignal): Promise<readonly Proof[]> {
    const abort = () =>
      this.#done.reject(
        new TesseraError('ABORTED', { message: 'The job was cancelled', cause: signal.reason }),
      );
    throwIfAborted(signal);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#resume();
      this.#timer = setInterval(() => this.poke(), 500);
      this.poke();
      await this.#done.promise;
      return this.#states.map(({ proof }) => proof as Proof);
    } catch (error) {
      const reason =
        error instanceof TesseraError && error.code === 'EDGE_MISMATCH' ? 'mismatch' : 'withdrawn';
      await this.#cancelAll(reason);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      clearInterval(this.#timer);
      this.#ended.abort();
      for (const [segment, { current }] of this.#states.entries()) if (current) this.#release(segment);
    }
  }

  /** Looks again at what can be assigned. */
  poke(): void {
    if (this.#scheduling) {
      this.#again = true;
      return;
    }
    this.#scheduling = true;
    this.#schedule().then(
      () => {
        this.#scheduling = false;
        if (this.#again) {
          this.#again = false;
          this.poke();
        }
      },
      (error) => this.#done.reject(error),
    );
  }

  async onProgress({ message }: SignedMessage<WorkerProgress>): Promise<SignedMessage | undefined> {
    const state = this.#states[message.segment];
    if (state?.current?.id !== message.assignment || state.current.worker !== message.sender) {
      return this.#cancellation(message.segment, state?.proof === undefined ? 'reassigned' : 'proven');
    }
    state.current.heardAt = performance.now();
    this.#tell(message.segment, message.stage, message.sender);
    return undefined;
  }

  async onRefusal({ message }: SignedMessage<Refusal>): Promise<undefined> {
    const state = this.#states[message.segment];
    if (state?.current?.id !== message.assignment || state.current.worker !== message.sender)
      return undefined;
    await this.#refused(message.segment, message);
    return undefined;
  }

  /** A submission is acknowledged when it is verified; a wrong one ends its worker's part in this job. */
  async onSubmission({ message }: SignedMessage<Submission>): Promise<SignedMessage | undefined> {
    const { segment, sender, assignment } = message;
    const state = this.#states[segment];
    if (state === undefined) return undefined;
    if (state.workers.get(sender) !== assignment) return this.#cancellation(segment, 'reassigned');
    const turn = state.checking.then(() => this.#check(message, state));
    state.checking = turn.catch(() => undefined);
    await turn;
    return undefined;
  }

  async onMismatch({ message }: SignedMessage<EdgeMismatch>): Promise<undefined> {
    const { segment, sender, assignment } = message;
    const state = this.#states[segment];
    if (state?.current?.id !== assignment || state.current.worker !== sender) return undefined;
    const { id } = this.#init.needs[segment] as SegmentNeed;
    if (await this.#components.confirm(segment, this.#ended.signal)) {
      await this.#dismiss(segment, sender, 'it claims an edge mismatch where there is none');
      return undefined;
    }
    this.#done.reject(
      new TesseraError('EDGE_MISMATCH', {
        message: `A worker computed another value of edge ${message.edge}, block ${message.block}, in segment ${id} than the job fixes, and so does this machine now`,
        remedy: 'Run the job again; if this comes back, this machine’s memory or disk may be failing.',
        details: { segment: id, edge: message.edge, block: message.block, worker: sender },
      }),
    );
    return undefined;
  }

  /** Takes up what an earlier run had: proofs that are verified again, and assignments that may still be answered. */
  async #resume(): Promise<void> {
    const { record } = this.#init;
    for (const [index, { proof, assignment }] of Object.entries(record.segments)) {
      const segment = Number(index);
      const state = this.#states[segment];
      if (state === undefined) continue;
      if (proof !== undefined) {
        const decoded = proofFormat.decode(hexToBytes(proof));
        if ((await this.#problemOf(segment, decoded)) === undefined) state.proof = decoded;
      }
      if (assignment === undefined) continue;
      const { id, worker, attempt } = assignment;
      state.attempts = attempt + 1;
      state.workers.set(worker, id);
      if (state.proof !== undefined) continue;
      const now = performance.now();
      state.current = { id, worker, heardAt: now, endsAt: now + this.#timings.slack.least };
      this.#components.directory.take(worker, id, this.#init.needs[segment]?.units ?? 0);
    }
    this.#settle();
  }

  async #schedule(): Promise<void> {
    const now = performance.now();
    for (const [segment, { current }] of this.#states.entries()) {
      if (current === undefined) continue;
      const silent = now - current.heardAt > this.#timings.silence;
      if (silent || now > current.endsAt) {
        await this.#broken(segment, silent ? 'nothing was heard of it' : 'it took too long', 'reassigned');
      }
    }
    const open = this.#open();
    if (open.length === 0) {
      this.#suitedAt = now;
      return;
    }
    const { directory, policy } = this.#components;
    const claims = policy.decide(open, directory.candidates());
    await Promise.all(
      claims.map(({ segment, worker, expectedSeconds }) => this.#assign(segment, worker, expectedSeconds)),
    );
    this.#requireSuited(open);
  }

  #open(): OpenSegment[] {
    return this.#states.flatMap(({ proof, current, barred }, segment): OpenSegment[] => {
      const need = this.#init.needs[segment];
      if (proof !== undefined || current !== undefined || need === undefined) return [];
      const { prover, units, memory } = need;
      return [{ segment, prover, units, memory, barred }];
    });
  }

  /** @throws TesseraError `WORKER_MISSING` when it has been so for too long */
  #requireSuited(open: readonly OpenSegment[]): void {
    const { directory, policy } = this.#components;
    const candidates = directory.candidates();
    const unsuited = open.find(
      (segment) => candidates.length === 0 || policy.obstacles(segment, candidates).size > 0,
    );
    const working = this.#states.some(({ current }) => current !== undefined);
    if (unsuited === undefined || working) {
      this.#suitedAt = performance.now();
      return;
    }
    if (performance.now() - this.#suitedAt < this.#timings.patience) return;
    throw workerMissing(
      this.#init.needs[unsuited.segment] as SegmentNeed,
      policy.obstacles(unsuited, candidates),
    );
  }

  async #assign(segment: number, worker: Hex32, expectedSeconds: number): Promise<void> {
    const { signer, requests, directory, log } = this.#components;
    const { offer, published, needs } = this.#init;
    const state = this.#states[segment];
    const known = directory.find(worker);
    const named = published.segments[segment];
    const need = needs[segment];
    if (state === undefined || known === undefined || named === undefined || need === undefined) return;
    if (state.attempts >= maxAttempts) {
      throw new TesseraError('WORKER_MISSING', {
        message: `Segment ${need.id} was given to workers ${state.attempts} times, and none proved it`,
        remedy: 'What is proven is kept: run the same command again to go on.',
        details: { segment: need.id },
      });
    }
    const { factor, least } = this.#timings.slack;
    const time = Math.min(factor * 1_000 * expectedSeconds + least, maxAssignmentMs);
    const { job, manifest, commitments, price } = offer.message;
    const signed = signer.sign<Assignment>({
      kind: 'assignment',
      job,
      segment,
      worker,
      manifest,
      commitments,
      bid: known.bid.id,
      attempt: state.attempts,
      artifacts: named.artifacts,
      inputs: named.inputs,
      price,
      deadline: Math.round(signer.now() + time),
    });
    const now = performance.now();
    state.current = { id: signed.id, worker, heardAt: now, endsAt: now + time };
    state.workers.set(worker, signed.id);
    directory.take(worker, signed.id, need.units);
    await this.#save(segment, signed.id, worker);
    state.attempts += 1;
    this.#tell(segment, 'assigned', worker);
    try {
      const target = directory.sourceOf(worker);
      // By gossip it may come later than the assignment.
      await requests.request(target, offer, { signal: this.#ended.signal });
      const answer = await requests.request(target, signed, { signal: this.#ended.signal });
      if (answer?.message.kind === 'refusal') await this.#refused(segment, answer.message);
      else if (answer?.message.kind !== 'progress')
        await this.#broken(segment, 'it did not answer', 'reassigned');
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      log.debug({ err: error, worker }, 'a worker cannot be reached');
      directory.pause(worker);
      if (state.current?.id === signed.id) await this.#broken(segment, 'it cannot be reached', 'reassigned');
    }
  }

  async #refused(segment: number, { reason, detail, sender }: Refusal): Promise<void> {
    const { directory, log } = this.#components;
    log.info({ job: this.id, segment, worker: sender, reason, detail }, 'segment refused');
    if (reason === 'busy') directory.pause(sender);
    else this.#states[segment]?.barred.add(sender);
    this.#reopen(segment, `${reason}: ${detail}`);
  }

  /** A worker did not keep what it took. */
  async #broken(segment: number, reason: string, said: CancellationReason): Promise<void> {
    const state = this.#states[segment];
    if (state?.current === undefined) return;
    const { worker } = state.current;
    // It may come back, and be the only one: its record says how likely that is.
    this.#components.directory.pause(worker);
    await this.#components.directory.judge(worker, 'broken');
    this.#reopen(segment, reason);
    void this.#cancel(segment, worker, said);
  }

  /** A worker sent what it cannot have computed. */
  async #dismiss(segment: number, worker: Hex32, reason: string): Promise<void> {
    this.#components.log.warn({ job: this.id, segment, worker, reason }, 'a worker gets nothing more');
    await this.#components.directory.judge(worker, 'lied');
    const state = this.#states[segment];
    state?.barred.add(worker);
    state?.workers.delete(worker);
    if (state?.current?.worker === worker) this.#reopen(segment, reason);
  }

  #reopen(segment: number, reason: string): void {
    const worker = this.#states[segment]?.current?.worker ?? '';
    this.#release(segment);
    this.#tell(segment, 'open', worker, reason);
    this.poke();
  }

  #release(segment: number): void {
    const state = this.#states[segment];
    if (state?.current === undefined) return;
    this.#components.directory.give(state.current.worker, state.current.id);
    delete state.current;
  }

  async #check(message: Submission, state: SegmentState): Promise<void> {
    const { segment, sender } = message;
    if (state.proof !== undefined) return;
    const found = await this.#read(message);
    if (typeof found === 'string') {
      await this.#dismiss(segment, sender, found);
      return;
    }
    state.proof = found;
    const current = state.current?.worker;
    this.#release(segment);
    await this.#components.directory.judge(sender, 'kept');
    await this.#save(segment);
    this.#tell(segment, 'accepted', sender);
    if (current !== undefined && current !== sender) void this.#cancel(segment, current, 'proven');
    this.#settle();
    this.poke();
  }

  /** The proof that a submission carries or names, or what is wrong with it. */
  async #read({ segment, sender, proof: cid, size, inline }: Submission): Promise<Proof | string> {
    if (size > proofFormat.maxBytes) return 'its proof is too large';
    const { artifacts, directory } = this.#components;
    const bytes =
      inline ??
      (await artifacts.fetchBytes(cid, {
        maxBytes: size,
        source: directory.sourceOf(sender),
        announce: false,
        signal: this.#ended.signal,
      }));
    try {
      const proof = proofFormat.decode(bytes);
      return (await this.#problemOf(segment, proof)) ?? proof;
    } catch (error) {
      if (error instanceof TesseraError && error.code === 'ENCODING_INVALID') return error.message;
      throw error;
    }
  }

  /** Holds a proof against its verifier and the job's commitments. */
  async #problemOf(segment: number, proof: Proof): Promise<string | undefined> {
    const judged = await this.#components.judge(segment, proof, this.#ended.signal);
    if (judged.problem !== undefined) return judged.problem;
    const refs = this.#init.segments[segment];
    const ports = [
      ...(refs?.inputs ?? []).map((ref, port) => ({ ref, bound: judged.inputs?.[port] })),
      ...(refs?.outputs ?? []).map((ref, port) => ({ ref, bound: judged.outputs?.[port] })),
    ];
    const other = ports.find(({ ref, bound }) => {
      const fixed = this.#init.commitments[ref.edge]?.[ref.block];
      return fixed === undefined || bound === undefined || !equalBytes(fixed, bound);
    });
    return other === undefined
      ? undefined
      : `it binds another value of edge ${other.ref.edge} than the job fixes`;
  }

  #settle(): void {
    if (this.#states.every(({ proof }) => proof !== undefined)) this.#done.resolve();
  }

  async #save(segment: number, assignment?: Hex32, worker?: Hex32): Promise<void> {
    const { record } = this.#init;
    const state = this.#states[segment];
    record.segments[segment] = {
      ...(state?.proof === undefined
        ? {}
        : { proof: Buffer.from(proofFormat.encode(state.proof)).toString('hex') }),
      ...(assignment === undefined || worker === undefined || state === undefined
        ? {}
        : { assignment: { id: assignment, worker, attempt: state.attempts } }),
    };
    await this.#components.save(record);
  }

  #cancellation(segment: number | undefined, reason: CancellationReason): SignedMessage<Cancellation> {
    return this.#components.signer.sign<Cancellation>({
      kind: 'cancellation',
      job: this.id,
      ...(segment === undefined ? {} : { segment }),
      reason,
    });
  }

  async #cancel(segment: number, worker: Hex32, reason: CancellationReason): Promise<void> {
    const { requests, directory, log } = this.#components;
    try {
      await requests.request(directory.sourceOf(worker), this.#cancellation(segment, reason));
    } catch (error) {
      // It learns so when it reports next.
      log.debug({ err: error, worker }, 'a cancellation did not arrive');
    }
  }

  async #cancelAll(reason: CancellationReason): Promise<void> {
    const message = this.#cancellation(undefined, reason);
    const workers = new Set(
      this.#states.flatMap(({ current }) => (current === undefined ? [] : [current.worker])),
    );
    const { requests, directory, announce, log } = this.#components;
    const told = [...workers].map((worker) =>
      requests.request(directory.sourceOf(worker), message, { timeout: 2_000 }),
    );
    for (const result of await Promise.allSettled([...told, announce(message)])) {
      if (result.status === 'rejected') log.debug({ err: result.reason }, 'a cancellation did not arrive');
    }
  }

  #tell(segment: number, state: SegmentEvent['state'], worker: Hex32, reason?: string): void {
    const { id } = this.#init.needs[segment] as SegmentNeed;
    this.#components.onEvent?.({ segment, id, state, worker, ...(reason === undefined ? {} : { reason }) });
  }
}

/** The longest time for one segment: an assignment itself holds no longer. */
const maxAssignmentMs = 24 * 3_600_000;

function workerMissing(
  { id, prover, memory }: SegmentNeed,
  stops: ReadonlyMap<string, number>,
): TesseraError {
  const words: Record<string, (count: number) => string> = {
    prover: (count) => `${count} lack the prover ${prover}`,
    memory: (count) => `${count} have less than ${Math.ceil(memory / 2 ** 20)} MiB of memory for it`,
    price: (count) => `${count} ask for more than is offered`,
    failed: (count) => `${count} tried it in vain`,
  };
  const why = [...stops].map(([limit, count]) => words[limit]?.(count) ?? limit);
  return new TesseraError('WORKER_MISSING', {
    message: `No worker suits segment ${id}: ${why.length === 0 ? 'none is known' : why.join(', ')}`,
    remedy: stops.has('memory')
      ? 'Slice it smaller: give more parts, e.g. --by parts=4, or a limit, e.g. --by "auto --memory 1GiB".'
      : 'Start workers (`tessera start`) and name this node or theirs by --bootstrap. What is proven is kept.',
    details: { segment: id, stops: Object.fromEntries(stops) },
  });
}
