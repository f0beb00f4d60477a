import type { Hex32 } from '../../protocol/edge.ts';
import {
  type Message,
  messageLimits,
  publicKeyOf,
  type SignedMessage,
  signMessage,
} from '../../protocol/messages/index.ts';
import type { Identity } from '../store/index.ts';

/** A message without what its signer adds. */
export type Unsigned<M extends Message> = Omit<M, 'sender' | 'issued' | 'expires'>;

/** Signs this node's messages by its clock. */
export class Signer {
  /** Ed25519 public key. */
  readonly sender: Hex32;
  readonly #secretKey: Uint8Array;
  readonly #now: () => number;

  constructor({ peerId, secretKey }: Pick<Identity, 'peerId' | 'secretKey'>, now: () => number = Date.now) {
    this.sender = publicKeyOf(peerId);
    this.#secretKey = secretKey;
    this.#now = now;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now();
  }

  /** @param lifetime milliseconds that the message holds; the longest unless given */
  sign<M extends Message>(message: Unsigned<M>, lifetime: number = messageLimits.lifetime): SignedMessage<M> {
    const issued = this.#now();
    const head = { sender: this.sender, issued, expires: issued + lifetime };
    return signMessage({ ...message, ...head } as M, this.#secretKey);
  }
}
