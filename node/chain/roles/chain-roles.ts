import { setTimeout as sleep } from 'node:timers/promises';
import { isAddressEqual } from 'viem';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { artifactCid } from '../../../protocol/ids.ts';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { Logger } from '../../peer/log.ts';
import type { AvailableSegment } from '../../worker/segment-work.ts';
import type { ClaimGuard } from '../claim-guard.ts';
import { EventReader, type MarketEvent } from '../events.ts';
import type { ProofArtifacts } from '../file-store.ts';
import type { Market, SegmentOnChain } from '../market.ts';
import { mismatchIn } from '../mismatch.ts';
import { requirePay } from '../pay.ts';
import { watchSegment } from '../watcher.ts';
import { Worker, type WorkerInit, type WorkStep } from '../worker.ts';
import type { FetchedWork } from './fetched-work.ts';
import { type JobBook, postedTerms } from './job-book.ts';
import { KeyedTasks } from './keyed-tasks.ts';
import { fetchMarketJob, type MarketJob } from './market-job.ts';
import type { MismatchBoard } from './mismatch-board.ts';

export interface ClaimingInit {
  /** Gets a segment ready. */
  open: (segment: AvailableSegment, signal: AbortSignal) => Promise<FetchedWork>;
  /** Segments worked on at once. */
  parallel: number;
  /** The least reward for a million units of the cost model, in the chain's smallest unit. */
  price: bigint;
  submit?: WorkerInit['submit'];
}

export interface ChainRolesInit {
  market: Market;
  /** The block from which on the market's events are read the first time. */
  since: bigint;
  /** What it claims; nothing where it is left out. */
  claiming?: ClaimingInit;
  /** Jobs whose submissions it checks. */
  watch: 'all' | ReadonlySet<Hex32>;
  /** Seconds for which bytes may be missing before that is challenged: a fault of this node's own line costs a bond. */
  patience: number;
}

export interface ChainRolesComponents {
  book: JobBook;
  artifacts: Pick<ArtifactAccess, 'fetchBytes' | 'release'>;
  /** This node's proofs, which peers can fetch, and theirs. */
  proofs: ProofArtifacts;
  guard: ClaimGuard;
  mismatches: MismatchBoard;
  /** How many peers it is connected to. */
  peers: () => number;
  log: Logger;
}

/** When something is to be looked at, by whichever clock is first: a chain without transactions may stand still. */
interface Due {
  /** Of the chain, in seconds since 1970. */
  chain: bigint;
  /** Of `performance.now()`. */
  here: number;
}

const now: Due = { chain: 0n, here: 0 };

/** A job that is not over. */
interface FollowedJob {
  terms: JobTerms;
  /** What its terms lead to, once somebody wanted it. */
  content?: Promise<MarketJob>;
  /** When each segment is to be looked at; those that are over are left out. */
  due: Map<number, Due>;
  /** No segment of it can be claimed any more. */
  isClosed: boolean;
  /** Segments that this node does not claim. */
  refused: Set<number>;
  /** Submissions that were found to hold, by their digest. */
  judged: Set<string>;
  /** When bytes of a submission were first found missing, on the clock of `performance.now()`. */
  missingSince: Map<string, number>;
}

/** Seconds until what could not be done is tried again; longer for jobs of very many segments. */
const retrySeconds = (segments: number) => Math.max(15, Math.ceil(segments / 20));

/** Segments whose state is read at once. */
const readAhead = 16;

/** Errors that say that this node will never be able to take a segment. */
const hopeless: readonly string[] = [
  'CLAIM_REFUSED',
  'JOB_MISMATCH',
  'EDGE_MISMATCH',
  'PROVER_MISSING',
  'PROVER_FAILED',
  'UNPROVABLE',
  'MEMORY_EXCEEDED',
  'ENCODING_INVALID',
  'MODEL_INVALID',
  'MODEL_UNREADABLE',
];

/**
 * A node's part in a market: it follows the market's events, claims segments and proves them, answers challenges,
 * settles, and checks what others submit. What is to be done follows from how segments stand on the chain, so a node
 * that was killed goes on by looking.
 */
export class ChainRoles {
  readonly #init: ChainRolesInit;
  readonly #components: ChainRolesComponents;
  readonly #worker: Worker;
  readonly #jobs = new Map<Hex32, FollowedJob>();
  readonly #stop = new AbortController();
  /** Proving takes long; what has a deadline does not wait for it. */
  readonly #proving: KeyedTasks;
  readonly #answering: KeyedTasks;
  #loop: Promise<void> = Promise.resolve();
  #unsound: string | undefined;

  constructor(init: ChainRolesInit, components: ChainRolesComponents) {
    this.#init = init;
    this.#components = components;
    const { market, claiming } = init;
    const { proofs, guard, log } = components;
    const submit = claiming?.submit;
    this.#worker = new Worker({ market, proofs, guard, ...(submit === undefined ? {} : { submit }) });
    const onError = (error: unknown, task: string) =>
      log.error({ err: error, task }, 'a task on the chain failed');
    this.#proving = new KeyedTasks(claiming?.parallel ?? 1, onError);
    this.#answering = new KeyedTasks(4, onError);
  }

  /** Takes up what it had to do with before, and follows the market from then on. */
  async start(): Promise<void> {
    for await (const [id, terms] of this.#components.book.jobs()) this.#follow(id, terms);
    this.#loop = this.#run();
  }

  /** Stops; what is unfinished is gone on with after the next start. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the node stops'));
    await this.#loop;
    await Promise.all([this.#proving.ended(), this.#answering.ended()]);
  }

  get #signal(): AbortSignal {
    return this.#stop.signal;
  }

  async #run(): Promise<void> {
    const { market, since } = this.#init;
    const { book, log } = this.#components;
    const reader = new EventReader(market, {
      since,
      store: book,
      handle: (event) => this.#handle(event),
      signal: this.#signal,
    });
    while (!this.#signal.aborted) {
      try {
        await reader.catchUp();
        await this.#look();
        await this.#components.mismatches.repeat();
      } catch (error) {
        if (this.#signal.aborted) return;
        log.warn({ err: error }, 'the chain cannot be followed at the moment');
      }
      await sleep(Math.max(500, market.chain.network.pollInterval), undefined, {
        signal: this.#signal,
      }).catch(() => undefined);
    }
  }

  async #handle(event: MarketEvent): Promise<void> {
    if (event.eventName === 'Credited' || event.eventName === 'Withdrawn') return;
    const id = event.args.job.slice(2);
    if (event.eventName === 'JobPosted') {
      const terms = postedTerms(event.args.terms);
      await this.#components.book.keep(id, terms);
      this.#follow(id, terms);
      this.#components.log.info({ job: id, optimistic: terms.optimistic }, 'a job was posted');
    } else if (event.eventName === 'JobClosed') {
      const job = this.#jobs.get(id);
      if (job !== undefined) job.isClosed = true;
    } else if ('segment' in event.args) this.#jobs.get(id)?.due.set(Number(event.args.segment), now);
  }

  #follow(id: Hex32, terms: JobTerms): void {
    if (this.#jobs.has(id)) return;
    // Which segments there are, the first look says.
    const due = new Map([[-1, now]]);
    const { refused, judged, missingSince } = {
      refused: new Set<number>(),
      judged: new Set<string>(),
      missingSince: new Map<string, number>(),
    };
    this.#jobs.set(id, { terms, due, isClosed: false, refused, judged, missingSince });
    this.#components.mismatches.follow(id);
  }

  async #look(): Promise<void> {
    const { market } = this.#init;
    const time = await market.chain.now();
    const mayClaim = await this.#mayClaim();
    for (const [id, job] of this.#jobs) {
      if (job.due.delete(-1)) {
        const { segments, closed } = await market.job(id);
        job.isClosed ||= closed;
        for (let index = 0; index < segments; index++) job.due.set(index, now);
      }
      const here = performance.now();
      const due = [...job.due].flatMap(([index, at]) => (at.chain <= time || at.here <= here ? [index] : []));
      for (let start = 0; start < due.length; start += readAhead) {
        this.#signal.throwIfAborted();
        const some = due.slice(start, start + readAhead);
        const found = await Promise.all(some.map((index) => market.segment(id, index)));
        for (const [at, segment] of found.entries()) {
          this.#decide(id, job, some[at] as number, segment, { time, mayClaim });
        }
      }
      if (job.due.size === 0) await this.#forget(id, job);
    }
  }

  /** Does what a segment's state calls for, and says when to look again. */
  #decide(
    id: Hex32,
    job: FollowedJob,
    index: number,
    segment: SegmentOnChain,
    { time, mayClaim }: { time: bigint; mayClaim: boolean },
  ): void {
    const { market } = this.#init;
    const { state, deadline, claimant, challenger, proof } = segment;
    const me = market.chain.address;
    const isMine = isAddressEqual(claimant, me);
    const isOver = time > deadline;
    const isShut = job.isClosed || job.terms.expiry < time;
    const later = (seconds: number) =>
      job.due.set(index, {
        chain: time + BigInt(seconds),
        here: performance.now() + 1_000 * seconds,
      });
    const soon = () => later(retrySeconds(job.due.size));
    const afterDeadline = () => (isOver ? soon() : later(Number(deadline - time) + 1));
    const work = (tasks: KeyedTasks) => tasks.run(`${id}/${index}`, () => this.#work(id, job, index));
    const claim = () => {
      const canBe = mayClaim && !job.refused.has(index) && !this.#components.mismatches.isDoubted(id, index);
      if (canBe && !isShut) work(this.#proving);
    };
    switch (state) {
      case 'open':
        // It comes back by an event if it is claimed; after the job's expiry or end it stays as it is.
        if (isShut) job.due.delete(index);
        else soon();
        claim();
        return;
      case 'claimed':
        if (isMine) soon();
        else afterDeadline();
        if (isMine) work(this.#proving);
        else if (isOver) claim();
        return;
      case 'submitted':
        afterDeadline();
        if (isMine && isOver) work(this.#answering);
        else if (!isMine && !isOver && this.#isWatched(id) && !job.judged.has(proof)) {
          soon();
          this.#answering.run(`${id}/${index}`, () => this.#watch(id, job, index, segment));
        }
        return;
      case 'challenged':
        afterDeadline();
        if (isMine && !isOver) work(this.#answering);
        else if (isOver && isAddressEqual(challenger, me)) {
          this.#answering.run(`${id}/${index}`, () => this.#reject(id, job, index));
        }
        return;
      default:
        job.due.delete(index);
        if (isMine && !/^0x0*$/.test(proof))
          this.#answering.run(`${id}/${index}`, () => this.#release(proof));
    }
  }

  #isWatched(id: Hex32): boolean {
    const { watch } = this.#init;
    return watch === 'all' || watch.has(id);
  }

  /** Whether this node claims at all at the moment; the operator is told once why not. */
  async #mayClaim(): Promise<boolean> {
    if (this.#init.claiming === undefined) return false;
    try {
      await this.#components.guard.requireSound();
      this.#unsound = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      if (this.#unsound !== error.message)
        this.#components.log.error({ remedy: error.remedy }, error.message);
      this.#unsound = error.message;
      return false;
    }
  }

  #content(job: FollowedJob): Promise<MarketJob> {
    const { market } = this.#init;
    job.content ??= fetchMarketJob(job.terms, market.place, this.#components.artifacts, this.#signal).catch(
      (error: unknown) => {
        delete job.content;
        throw error;
      },
    );
    return job.content;
  }

  async #work(id: Hex32, followed: FollowedJob, index: number): Promise<void> {
    const { log } = this.#components;
    const about = { job: id, segment: index };
    try {
      await requirePay(this.#init.market.chain, followed.terms);
      const { job, segments } = await this.#content(followed);
      const { state } = await this.#worker.work(job, index, () => this.#open(followed, segments[index]), {
        signal: this.#signal,
        onProgress: (step: WorkStep) => log.info(about, `segment: ${step}`),
      });
      log.debug({ ...about, state }, 'a segment of the market was left');
    } catch (error) {
      if (this.#signal.aborted) return;
      if (!(error instanceof TesseraError)) throw error;
      const isBarred = error.details.error === 'Barred';
      if (hopeless.includes(error.code) || isBarred) followed.refused.add(index);
      const mismatch = mismatchIn(error);
      if (mismatch !== undefined) await this.#components.mismatches.found(id, mismatch);
      const said = { ...about, code: error.code, remedy: error.remedy };
      if (error.code === 'CHAIN_REFUSED') log.warn(said, error.message);
      else log.info(said, `segment not taken: ${error.message}`);
    }
  }

  async #open(followed: FollowedJob, segment: AvailableSegment | undefined): Promise<FetchedWork> {
    const { claiming } = this.#init;
    if (claiming === undefined || segment === undefined) {
      throw new TesseraError('PROVER_MISSING', { message: 'This node proves nothing for others' });
    }
    const { job } = await this.#content(followed);
    const { reward } = job.offers[segment.assignment.segment] ?? { reward: 0n };
    const work = await claiming.open(segment, this.#signal);
    const least = (claiming.price * BigInt(work.units)) / 1_000_000n;
    if (reward >= least) return work;
    await work.close();
    throw new TesseraError('CLAIM_REFUSED', {
      message: `It pays ${reward}, and this node wants ${least} for it`,
      remedy: 'Ask for less (--worker-price), or leave it to others.',
    });
  }

  async #watch(id: Hex32, followed: FollowedJob, index: number, segment: SegmentOnChain): Promise<void> {
    const { market, patience } = this.#init;
    const { proofs, peers, log } = this.#components;
    const about = { job: id, segment: index, claimant: segment.claimant };
    const { job } = await this.#content(followed);
    const since = followed.missingSince.get(segment.proof) ?? performance.now();
    const waited = performance.now() - since >= 1_000 * patience;
    const judgement = await watchSegment(market, job, index, proofs, {
      signal: this.#signal,
      // Without peers nothing can be had, whoever submitted it.
      challengeMissing: waited && peers() > 0,
    });
    if (judgement === undefined) return;
    if (judgement.verdict === 'holds') followed.judged.add(segment.proof);
    else if (judgement.verdict === 'missing' && !waited) followed.missingSince.set(segment.proof, since);
    else log.warn({ ...about, why: judgement.reason }, 'a submission was challenged');
    log.debug({ ...about, ...judgement }, 'a submission was checked');
  }

  /** A challenge that nobody answered returns its bond. */
  async #reject(id: Hex32, followed: FollowedJob, index: number): Promise<void> {
    const { job } = await this.#content(followed);
    await this.#init.market.end('reject', job, index, { signal: this.#signal });
    this.#components.log.info({ job: id, segment: index }, 'an unanswered challenge was ended');
  }

  /** What is verified or settled need not be shown any more. */
  async #release(proof: string): Promise<void> {
    await this.#components.artifacts.release([artifactCid(proof.slice(2))]);
  }

  async #forget(id: Hex32, { content }: FollowedJob): Promise<void> {
    this.#jobs.delete(id);
    const { book, artifacts, mismatches } = this.#components;
    mismatches.forget(id);
    const fetched = await content?.catch(() => undefined);
    if (fetched !== undefined) await artifacts.release(fetched.cids);
    await book.forget(id);
  }
}
