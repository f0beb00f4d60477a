import { randomBytes } from 'node:crypto';
import {
  encodeWrappedKeys,
  findWrappedKey,
  keyBytes,
  nonceBytes,
  openSealed,
  type SegmentContext,
  seal,
  unwrapKey,
  wrapKey,
} from '../../protocol/access/index.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import type { Identity } from '../store/index.ts';

/** The requester's side of one segment of an invited job: a fresh key, and what is encrypted under it. */
export class SegmentSeal {
  readonly #context: SegmentContext;
  readonly #key = new Uint8Array(randomBytes(keyBytes));

  constructor(context: SegmentContext) {
    this.#context = context;
  }

  /** @param role as protocol/access/README.md names it */
  seal(role: string, content: Uint8Array): Uint8Array {
    return seal(content, this.#key, new Uint8Array(randomBytes(nonceBytes)), { ...this.#context, role });
  }

  /** The key, for each of these peers; by their Ed25519 public keys. */
  wrapFor(peers: Iterable<Hex32>): Uint8Array {
    const wrapped = [...peers].map((recipient): [Hex32, Uint8Array] => [
      recipient,
      wrapKey(this.#key, new Uint8Array(randomBytes(32)), { ...this.#context, recipient }),
    ]);
    return encodeWrappedKeys(new Map(wrapped));
  }
}

/** Reads one artifact of a segment. @throws TesseraError `ACCESS_REFUSED` */
export type SealOpener = (role: string, sealed: Uint8Array) => Uint8Array;

/**
 * The worker's side.
 *
 * @param wrappedKeys what {@link SegmentSeal.wrapFor} gave
 * @throws TesseraError `ACCESS_REFUSED` where this peer is not invited, `ENCODING_INVALID`
 */
export function sealOpener(
  wrappedKeys: Uint8Array,
  { publicKey, secretKey }: Pick<Identity, 'publicKey' | 'secretKey'>,
  context: SegmentContext,
): SealOpener {
  const wrapped = findWrappedKey(wrappedKeys, publicKey);
  const key = unwrapKey(wrapped, secretKey, { ...context, recipient: publicKey });
  return (role, sealed) => openSealed(sealed, key, { ...context, role });
}
