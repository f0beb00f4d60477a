import pLimit, { type LimitFunction } from 'p-limit';
import { enter } from '../../enter.ts';

/** Lets so many in at once for each peer; the others wait in line. */
export class PeerPlaces {
  readonly #places: number;
  readonly #peers = new Map<string, { limit: LimitFunction; users: number }>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Peers that somebody is in, or waits, for. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * Runs work when there is a place for its peer. Who is cancelled while waiting waits no longer.
   *
   * @throws TesseraError `ABORTED`, and as the work
   */
  async run<T>(peer: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const line = this.#peers.get(peer) ?? { limit: pLimit(this.#places), users: 0 };
    this.#peers.set(peer, line);
    line.users += 1;
    try {
      return await enter(line.limit, signal, work);
    } finally {
      line.users -= 1;
      if (line.users === 0) this.#peers.delete(peer);
    }
  }
}
