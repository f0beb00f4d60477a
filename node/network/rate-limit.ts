export interface RateLimitInit {
  /** How many may come at once. */
  burst: number;
  /** How many may come in the long run. */
  perSecond: number;
  /** Parties to keep account of; beyond it the one that was quiet longest is forgotten. */
  maxParties: number;
}

/** `over`: more than agreed, as can happen by accident; `far over`: twice that, as only a flood does. */
export type RateVerdict = 'within' | 'over' | 'far over';

/** Token buckets, one for each party. Deterministic: the time is handed in. */
export class RateLimit {
  readonly #init: RateLimitInit;
  /** In order of last use. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(init: RateLimitInit) {
    this.#init = init;
  }

  /** Counts one from `party`. @param now Milliseconds */
  take(party: string, now: number): RateVerdict {
    const { burst, perSecond, maxParties } = this.#init;
    const bucket = this.#buckets.get(party) ?? { tokens: burst, at: now };
    const refilled = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
    const tokens = Math.max(-burst, refilled - 1);
    this.#buckets.delete(party);
    this.#buckets.set(party, { tokens, at: now });
    if (this.#buckets.size > maxParties) {
      for (const quietest of this.#buckets.keys()) {
        this.#buckets.delete(quietest);
        break;
      }
    }
    if (tokens >= 0) return 'within';
    return tokens > -burst ? 'over' : 'far over';
  }
}
