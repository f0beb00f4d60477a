import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { keyBytes, nonceBytes } from './sealed.ts';
import { contextBytes, type SegmentContext } from './segment-context.ts';

/** Bytes of a wrapped key: an X25519 share, the encrypted key and its tag. */
export const wrappedKeyBytes = 32 + keyBytes + 16;

/** Whom a key is for. */
export interface WrapContext extends SegmentContext {
  /** Its Ed25519 public key, which is its peer id in another writing. */
  recipient: Hex32;
}

/**
 * Encrypts a segment's key for one peer: X25519 (RFC 7748) of a fresh secret with the peer's key, which follows from its
 * Ed25519 key by the birational map; HKDF-SHA-256 (RFC 5869) of the shared secret with both shares as salt and the
 * context as info; XChaCha20-Poly1305 under that, whose nonce is zero since it encrypts once.
 *
 * @param key 32 bytes
 * @param ephemeral 32 random bytes, for this once
 * @throws TesseraError `ENCODING_INVALID` when the recipient's is no key of the curve
 */
export function wrapKey(key: Uint8Array, ephemeral: Uint8Array, context: WrapContext): Uint8Array {
  const recipient = montgomeryOf(context.recipient);
  const share = x25519.getPublicKey(ephemeral);
  const shared = x25519.getSharedSecret(ephemeral, recipient);
  return concatBytes(share, cipher(shared, share, recipient, context).encrypt(key));
}

/**
 * Decrypts what {@link wrapKey} gave.
 *
 * @param secretKey the recipient's Ed25519 secret key, 32 bytes
 * @throws TesseraError `ACCESS_REFUSED` where it was altered, or is for another peer, segment or job
 */
export function unwrapKey(wrapped: Uint8Array, secretKey: Uint8Array, context: WrapContext): Uint8Array {
  try {
    if (wrapped.length !== wrappedKeyBytes) throw new Error(`it has ${wrapped.length} bytes`);
    const share = wrapped.subarray(0, 32);
    // Refuses a share of small order: the secret would be known to all.
    const shared = x25519.getSharedSecret(ed25519.utils.toMontgomerySecret(secretKey), share);
    const recipient = montgomeryOf(context.recipient);
    return cipher(shared, share, recipient, context).decrypt(wrapped.subarray(32));
  } catch (cause) {
    throw new TesseraError('ACCESS_REFUSED', {
      message: `The key of segment ${context.segment} does not open: it was altered, or is for another peer, segment or job`,
      remedy: 'Nothing is done with it. Ask the requester for the job anew.',
      cause,
    });
  }
}

function montgomeryOf(publicKey: Hex32): Uint8Array {
  try {
    return ed25519.utils.toMontgomery(hexToBytes(publicKey));
  } catch (cause) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `${publicKey} is no Ed25519 public key`,
      cause,
    });
  }
}

function cipher(
  shared: Uint8Array,
  share: Uint8Array,
  recipient: Uint8Array,
  context: WrapContext,
): ReturnType<typeof xchacha20poly1305> {
  const info = contextBytes('tessera/wrapped-key', context, hexToBytes(context.recipient));
  const key = hkdf(sha256, shared, concatBytes(share, recipient), info, keyBytes);
  return xchacha20poly1305(key, new Uint8Array(nonceBytes), info);
}
