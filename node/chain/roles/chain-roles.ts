import { setTimeout as sleep } from 'node:timers/promises';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import { EventReader, type MarketEvent } from '../events.ts';
import { postedTerms } from '../job-list.ts';
import type { SegmentOnChain } from '../market.ts';
import { FollowedJob } from './followed-job.ts';
import type { JobBook } from './job-book.ts';
import { KeyedTasks } from './keyed-tasks.ts';
import type { MismatchBoard } from './mismatch-board.ts';
import { dutyOf } from './segment-duty.ts';
import { SegmentTasks, type SegmentTasksComponents, type SegmentTasksInit } from './segment-tasks.ts';

export interface ChainRolesInit extends SegmentTasksInit {
  /** The block from which on the market's events are read the first time. */
  since: bigint;
  /** Jobs whose submissions it checks. */
  watch: 'all' | ReadonlySet<Hex32>;
}

export interface ChainRolesComponents extends SegmentTasksComponents {
  book: JobBook;
  mismatches: MismatchBoard;
}

/** Segments whose state is read at once. */
const readAhead = 16;

/**
 * A node's part in a market: it follows the market's events, claims segments and proves them, answers challenges,
 * settles, and checks what others submit. What is to be done follows from how segments stand on the chain, so a node
 * that was killed goes on by looking.
 */
export class ChainRoles {
  readonly #init: ChainRolesInit;
  readonly #components: ChainRolesComponents;
  readonly #tasks: SegmentTasks;
  readonly #jobs = new Map<Hex32, FollowedJob>();
  readonly #stop = new AbortController();
  /** Proving takes long; what has a deadline does not wait for it. */
  readonly #proving: KeyedTasks;
  readonly #answering: KeyedTasks;
  /** What others submit may take long to be had, and nothing of this node's own waits for that. */
  readonly #checking: KeyedTasks;
  #loop: Promise<void> = Promise.resolve();
  #unsound: string | undefined;

  constructor(init: ChainRolesInit, components: ChainRolesComponents) {
    this.#init = init;
    this.#components = components;
    this.#tasks = new SegmentTasks(init, components, this.#signal);
    const onError = (error: unknown, task: string) =>
      components.log.error({ err: error, task }, 'a task on the chain failed');
    this.#proving = new KeyedTasks(init.claiming?.parallel ?? 1, onError);
    this.#answering = new KeyedTasks(4, onError);
    this.#checking = new KeyedTasks(4, onError);
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
    await Promise.all([this.#proving, this.#answering, this.#checking].map((tasks) => tasks.ended()));
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
    const job = this.#jobs.get(id);
    if (event.eventName === 'JobPosted') {
      const terms = postedTerms(event.args.terms);
      await this.#components.book.keep(id, terms);
      this.#follow(id, terms);
      this.#components.log.info({ job: id, optimistic: terms.optimistic }, 'a job was posted');
    } else if (event.eventName === 'JobClosed' && job !== undefined) {
      job.isClosed = true;
      job.lookAtAllNow();
    } else if ('segment' in event.args) job?.lookNow(Number(event.args.segment));
  }

  #follow(id: Hex32, terms: JobTerms): void {
    if (this.#jobs.has(id)) return;
    this.#jobs.set(id, new FollowedJob(terms));
    this.#components.mismatches.follow(id);
  }

  async #look(): Promise<void> {
    const { market } = this.#init;
    const time = await market.chain.now();
    const mayClaim = await this.#mayClaim();
    for (const [id, job] of this.#jobs) {
      if (!job.isListed) {
        const { segments, closed } = await market.job(id);
        job.isClosed ||= closed;
        job.list(segments);
      }
      const due = job.dueAt(time, market.chain.address);
      for (let start = 0; start < due.length; start += readAhead) {
        this.#signal.throwIfAborted();
        const some = due.slice(start, start + readAhead);
        const found = await Promise.all(some.map((index) => market.segment(id, index)));
        for (const [at, segment] of found.entries()) {
          this.#decide(id, job, some[at] as number, segment, { time, mayClaim });
        }
      }
      if (job.isOver) await this.#forget(id, job);
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
    const { market, claiming } = this.#init;
    const { deadline, proof } = segment;
    const { expiry } = job.terms;
    const lookAfter = (moment: bigint) => job.lookIn(index, Math.max(1, Number(moment - time) + 1), time);
    const run = (tasks: KeyedTasks, task: () => Promise<void>) => tasks.run(`${id}/${index}`, task);

    const isShut = job.isClosed || expiry < time;
    const { duty, look } = dutyOf(segment, { me: market.chain.address, time, isShut });
    if (look === 'never') job.lookNoMore(index);
    else if (look === 'after the deadline') lookAfter(deadline);
    else job.lookIn(index, job.retrySeconds, time);
    switch (duty) {
      case 'claim':
        // It comes back by an event where somebody else claims it.
        if (claiming === undefined || job.refused.has(index)) lookAfter(expiry);
        else if (job.search.seconds > 0) job.lookIn(index, job.search.seconds, time);
        else if (mayClaim && !this.#components.mismatches.isDoubted(id, index))
          run(this.#proving, () => this.#tasks.claim(id, job, index));
        return;
      case 'prove':
        run(this.#proving, () => this.#tasks.work(id, job, index));
        return;
      case 'answer':
        run(this.#answering, () => this.#tasks.work(id, job, index));
        return;
      case 'check':
        if (!this.#isWatched(id) || job.judged.has(proof)) lookAfter(deadline);
        else run(this.#checking, () => this.#tasks.check(id, job, index, segment));
        return;
      case 'reject':
        run(this.#answering, () => this.#tasks.reject(id, job, index));
        return;
      case 'release':
        run(this.#answering, () => this.#tasks.release(proof));
        return;
      case 'none':
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

  async #forget(id: Hex32, job: FollowedJob): Promise<void> {
    this.#jobs.delete(id);
    const { book, mismatches } = this.#components;
    mismatches.forget(id);
    await this.#tasks.releaseContent(job);
    await book.forget(id);
  }
}
