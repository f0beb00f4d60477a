import { RateLimit } from './rate-limit.ts';

export interface Rate {
  /** How many may come at once. */
  burst: number;
  /** How many may come in the long run. */
  perSecond: number;
}

export interface FairShareInit {
  /** What each party has to itself. */
  own: Rate;
  /** What all share beyond that. */
  common: Rate;
  /** Parties to keep account of. */
  maxParties: number;
}

/**
 * Bounds what all parties together may cost, and lets none take everything: each has a little of its own, and what is
 * left goes to whoever comes first. `n` parties never get more than `n` times `own` and once `common`.
 * Deterministic: the time is handed in.
 */
export class FairShare {
  readonly #own: RateLimit;
  readonly #common: RateLimit;

  constructor({ own, common, maxParties }: FairShareInit) {
    this.#own = new RateLimit({ ...own, maxParties });
    this.#common = new RateLimit({ ...common, maxParties: 1 });
  }

  /** Parties of which account is kept. */
  get size(): number {
    return this.#own.size;
  }

  /** @param now Milliseconds @returns whether there is room for one from `party`, which is then taken */
  take(party: string, now: number): boolean {
    return this.#own.takeWithin(party, now) || this.#common.takeWithin('', now);
  }
}
