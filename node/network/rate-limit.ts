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

  /** Counts one from `party`, whether or not it is within. @param now Milliseconds */
  take(party: string, now: number): RateVerdict {
    const { burst } = this.#init;
    const tokens = Math.max(-burst, this.#tokensOf(party, now) - 1);
    this.#set(party, tokens, now);
    if (tokens >= 0) return 'within';
    return tokens > -burst ? 'over' : 'far over';
  }

  /** Counts one from `party` if it is within: one that asks for more than it gets still gets that. @param now Milliseconds */
  takeWithin(party: string, now: number): boolean {
    const tokens = this.#tokensOf(party, now);
    const isWithin = tokens >= 1;
    this.#set(party, isWithin ? tokens - 1 : tokens, now);
    return isWithin;
  }

  /** Parties of which account is kept. */
  get size(): number {
    return this.#buckets.size;
  }

  #tokensOf(party: string, now: number): number {
    const { burst, perSecond } = this.#init;
    const bucket = this.#buckets.get(party) ?? { tokens: burst, at: now };
    return Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
  }

  #set(party: string, tokens: number, now: number): void {
    this.#buckets.delete(party);
    this.#buckets.set(party, { tokens, at: now });
    const [quietest] = this.#buckets.keys();
    if (this.#buckets.size > this.#init.maxParties && quietest !== undefined) this.#buckets.delete(quietest);
  }
}
