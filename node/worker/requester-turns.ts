import type { Hex32 } from '../../protocol/edge.ts';

/** Milliseconds for which a requester that was turned away is taken to wait: it asks again within them if it still does. */
const waitMs = 10_000;

/** Requesters that wait and are remembered; of more, those that asked longest ago are forgotten. */
const maxWaiting = 256;

/**
 * Lets requesters share a worker. One that is already served hears first of a place that becomes free, and would take it
 * again and again; so while any other waits, each has an equal share of the places.
 */
export class RequesterTurns {
  /** Until when each is taken to wait. */
  readonly #waiting = new Map<Hex32, number>();
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
   * @returns all where no other one waits; else at least one
   */
  shareOf(requester: Hex32, places: number, served: Iterable<Hex32>): number {
    const now = this.#now();
    const waiting = [...this.#waiting].filter(([, until]) => until > now).map(([other]) => other);
    if (waiting.every((other) => other === requester)) return places;
    return Math.max(1, Math.floor(places / new Set([requester, ...waiting, ...served]).size));
  }

  /** There was no place for it. */
  turnAway(requester: Hex32): void {
    this.#waiting.delete(requester);
    this.#waiting.set(requester, this.#now() + waitMs);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > maxWaiting && oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** It got a place. */
  admit(requester: Hex32): void {
    this.#waiting.delete(requester);
  }
}
