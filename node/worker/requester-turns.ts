import type { Hex32 } from '../../protocol/edge.ts';

/** Milliseconds for which a requester that was turned away is taken to wait: it asks again within them if it still does. */
const waitMs = 10_000;

/**
 * Milliseconds for which one that wasted nothing goes before those that did: whoever was turned away again and again
 * asks at longer and longer intervals, up to a minute.
 */
const precedenceMs = 90_000;

/** Requesters of which each table knows; of more, those that it heard of longest ago are forgotten. */
const maxRequesters = 1_024;

/** What an assignment came to, as far as it lay with its requester: a proof, or nothing that could be proven. */
export type RequesterDeed = 'proven' | 'wasted';

/**
 * Lets requesters share a worker. One that is already served hears first of a place that becomes free, and would take it
 * again and again; so while any other waits, each has an equal share of the places.
 *
 * Assignments cost their requester nothing, and names are free: who wasted more of them than came to a proof has no
 * place while anybody else wants one. So a false identity keeps a worker from others once.
 */
export class RequesterTurns {
  /** When each was turned away, the last one at the end. */
  readonly #turnedAway = new Map<Hex32, number>();
  /** Assignments that came to a proof, less those that were wasted. */
  readonly #standings = new Map<Hex32, number>();
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * How many places a requester may have.
   *
   * @param places that there are
   * @param served requesters that have any now
   * @returns all where no other one waits; none where it is one that wastes them and another one waits; else at least one
   */
  shareOf(requester: Hex32, places: number, served: Iterable<Hex32>): number {
    const isWasteful = this.#isWasteful(requester);
    if (isWasteful && this.#othersThan(requester, precedenceMs).some((one) => !this.#isWasteful(one)))
      return 0;
    const waiting = this.#othersThan(requester, waitMs).filter((one) => isWasteful || !this.#isWasteful(one));
    if (waiting.length === 0) return places;
    return Math.max(1, Math.floor(places / new Set([requester, ...waiting, ...served]).size));
  }

  /** There was no place for it. */
  turnAway(requester: Hex32): void {
    remember(this.#turnedAway, requester, this.#now());
  }

  /** It got a place. */
  admit(requester: Hex32): void {
    this.#turnedAway.delete(requester);
  }

  /** An assignment of it is over. */
  judge(requester: Hex32, deed: RequesterDeed): void {
    const standing = this.#standings.get(requester) ?? 0;
    remember(this.#standings, requester, standing + (deed === 'proven' ? 1 : -1));
  }

  /** Others that were turned away in the last so many milliseconds. */
  #othersThan(requester: Hex32, ms: number): Hex32[] {
    const since = this.#now() - ms;
    return [...this.#turnedAway].flatMap(([one, at]) => (one !== requester && at > since ? [one] : []));
  }

  #isWasteful(requester: Hex32): boolean {
    return (this.#standings.get(requester) ?? 0) < 0;
  }
}

function remember(table: Map<Hex32, number>, requester: Hex32, value: number): void {
  table.delete(requester);
  table.set(requester, value);
  const [oldest] = table.keys();
  if (table.size > maxRequesters && oldest !== undefined) table.delete(oldest);
}
