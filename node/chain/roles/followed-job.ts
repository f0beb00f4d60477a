import type { Address } from 'viem';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import { Backoff } from './backoff.ts';
import type { MarketJob } from './market-job.ts';

/** When something is to be looked at, by whichever clock is first: a chain without transactions may stand still. */
interface Due {
  /** Of the chain, in seconds since 1970. */
  chain: bigint;
  /** Of `performance.now()`. */
  here: number;
}

const now: Due = { chain: 0n, here: 0 };

/** Seconds after which artifacts that could not be had are searched for again; within the shortest window, more than once. */
const searchPause = { first: 15, longest: 1_500 };

/** A job that is not over, and when each of its segments is to be looked at. */
export class FollowedJob {
  readonly terms: JobTerms;
  /** What its terms lead to, once somebody wanted it. */
  content?: Promise<MarketJob>;
  /** No segment of it can be claimed any more, whatever its expiry is. */
  isClosed = false;
  /** Segments that this node does not claim. */
  readonly refused = new Set<number>();
  /** Submissions that were found to hold, by their digest. */
  readonly judged = new Set<string>();
  /** When bytes of a submission were first found missing, on the clock of `performance.now()`. */
  readonly missingSince = new Map<string, number>();
  /** What it is made of may be nowhere, and every search takes the time of other jobs. */
  readonly search: Backoff;
  /** By segment, those left out that are over; nothing until it is known how many there are. */
  #due: Map<number, Due> | undefined;

  constructor(terms: JobTerms, search = new Backoff(searchPause)) {
    this.terms = terms;
    this.search = search;
  }

  get isListed(): boolean {
    return this.#due !== undefined;
  }

  /** From now on all its segments are looked at. */
  list(segments: number): void {
    this.#due = new Map(Array.from({ length: segments }, (_, index) => [index, now]));
  }

  /** Whether nothing of it is to be looked at any more. */
  get isOver(): boolean {
    return this.#due?.size === 0;
  }

  /**
   * Segments that are to be looked at. Accounts begin at different ones: where many are open, not all try for the first.
   *
   * @param time of the chain
   */
  dueAt(time: bigint, account: Address): number[] {
    const here = performance.now();
    const due = [...(this.#due ?? [])].flatMap(([index, at]) =>
      at.chain <= time || at.here <= here ? [index] : [],
    );
    const begin = due.length === 0 ? 0 : Number(BigInt(account) % BigInt(due.length));
    return [...due.slice(begin), ...due.slice(0, begin)];
  }

  /** Seconds until what could not be done is tried again; longer for jobs of very many segments. */
  get retrySeconds(): number {
    return Math.max(15, Math.ceil((this.#due?.size ?? 0) / 20));
  }

  lookNow(segment: number): void {
    this.#due?.set(segment, now);
  }

  lookAtAllNow(): void {
    for (const index of this.#due?.keys() ?? []) this.lookNow(index);
  }

  /** @param time of the chain, from which the seconds count */
  lookIn(segment: number, seconds: number, time: bigint): void {
    const chain = time + BigInt(Math.ceil(seconds));
    this.#due?.set(segment, { chain, here: performance.now() + 1_000 * seconds });
  }

  lookNoMore(segment: number): void {
    this.#due?.delete(segment);
  }
}
