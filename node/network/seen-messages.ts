import type { Hex32 } from '../../protocol/edge.ts';

/** Whether a message is new, known from elsewhere, or brought again by one who brought it before. */
export type Sighting = 'new' | 'known' | 'repeated';

/**
 * The ids of messages that could still be taken for fresh. Bounded: beyond `maxIds` the oldest is forgotten, and
 * acting twice upon a message must then be harmless, as it must after a restart.
 */
export class SeenMessages {
  readonly #maxIds: number;
  readonly #seen = new Map<Hex32, { forgetAt: number; sources: string[] }>();

  constructor(maxIds = 65_536) {
    this.#maxIds = maxIds;
  }

  /**
   * @param source Who brought it
   * @param forgetAt When it can no longer be fresh, in milliseconds
   */
  sight(id: Hex32, source: string, forgetAt: number, now: number): Sighting {
    this.#forget(now);
    const earlier = this.#seen.get(id);
    if (earlier === undefined) {
      this.#seen.set(id, { forgetAt, sources: [source] });
      return 'new';
    }
    if (earlier.sources.includes(source)) return 'repeated';
    if (earlier.sources.length < maxSources) earlier.sources.push(source);
    return 'known';
  }

  has(id: Hex32): boolean {
    return this.#seen.has(id);
  }

  get size(): number {
    return this.#seen.size;
  }

  #forget(now: number): void {
    // In order of arrival, which is nearly that of expiry: what is left behind goes with the bound.
    for (const [id, { forgetAt }] of this.#seen) {
      if (forgetAt > now && this.#seen.size < this.#maxIds) break;
      this.#seen.delete(id);
    }
  }
}

/** More peers than a mesh has, so that only one who repeats itself finds its name. */
const maxSources = 16;
