import pLimit, { type LimitFunction } from 'p-limit';
import { enter } from '../../enter.ts';

/** Lets so many in at once for each peer; the others wait in line. */
export class PeerPlaces {
  readonly #places: number;
  readonly #limits = new Map<string, LimitFunction>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Peers that somebody is in, or waits, for. */
  get size(): number {
    return this.#limits.size;
  }

  /**
   * Runs work when there is a place for its peer. Who is cancelled while waiting waits no longer.
   *
   * @throws TesseraError `ABORTED`, and as the work
   */
  async run<T>(peer: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const limit = this.#limits.get(peer) ?? pLimit(this.#places);
    this.#limits.set(peer, limit);
    try {
      return await enter(limit, signal, work);
    } finally {
      if (limit.activeCount + limit.pendingCount === 0) this.#limits.delete(peer);
    }
  }
}
