import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Bid, type SignedMessage, signMessage } from '../../../protocol/messages/index.ts';

/** Whose bid it is, when it was made, and which of its sender's it is. */
export interface BidInit {
  secretKey: Uint8Array;
  sequence: number;
  /** Milliseconds since 1970; now unless given. It lives for a minute. */
  issued?: number;
}

/** A bid that offers next to nothing. */
export function bidOf({ secretKey, sequence, issued = Date.now() }: BidInit): SignedMessage<Bid> {
  const bid: Bid = {
    kind: 'bid',
    sender: bytesToHex(ed25519.getPublicKey(secretKey)),
    issued,
    expires: issued + 60_000,
    sequence,
    cores: 1,
    memory: 2 ** 30,
    gpus: [],
    provers: [],
    slots: { total: 1, free: 1 },
    price: 0n,
    addresses: [],
  };
  return signMessage(bid, secretKey);
}
