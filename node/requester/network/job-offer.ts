import type { Offer, SignedMessage } from '../../../protocol/messages/index.ts';
import { messageLimits } from '../../../protocol/messages/index.ts';

/** A job's offer, signed anew before the last one is stale: a job may take longer than a message holds. */
export class JobOffer {
  readonly #sign: () => SignedMessage<Offer>;
  readonly #now: () => number;
  #signed: SignedMessage<Offer>;

  /**
   * @param sign makes the offer as it is now
   * @param now milliseconds since 1970, by the clock that signs
   */
  constructor(sign: () => SignedMessage<Offer>, now: () => number) {
    this.#sign = sign;
    this.#now = now;
    this.#signed = sign();
  }

  get current(): SignedMessage<Offer> {
    if (this.#now() - this.#signed.message.issued > messageLimits.lifetime / 2) return this.renew();
    return this.#signed;
  }

  /** Signs it anew: who has heard the last one takes this for another message. */
  renew(): SignedMessage<Offer> {
    this.#signed = this.#sign();
    return this.#signed;
  }
}
