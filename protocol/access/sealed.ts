import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { TesseraError } from '../errors.ts';
import { contextBytes, type SegmentContext } from './segment-context.ts';

/** Bytes of a segment's key, and of a nonce. */
export const keyBytes = 32;
export const nonceBytes = 24;
/** Bytes by which something sealed is longer than what it holds: the nonce and the tag. */
export const sealOverhead = nonceBytes + 16;

/** What one sealed artifact is, of which segment: `commitments`, `blindings`, or `tensor/EDGE/BLOCK`. */
export interface SealContext extends SegmentContext {
  role: string;
}

/**
 * Encrypts an artifact of a segment: the nonce, then XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) of the content,
 * with the context as associated data.
 *
 * @param key the segment's, of 32 random bytes
 * @param nonce 24 random bytes; of another artifact of this key, others
 */
export function seal(
  content: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  context: SealContext,
): Uint8Array {
  return concatBytes(nonce, xchacha20poly1305(key, nonce, associated(context)).encrypt(content));
}

/**
 * Decrypts what {@link seal} gave.
 *
 * @throws TesseraError `ACCESS_REFUSED` where a byte was altered, or the key or the context is another one
 */
export function openSealed(sealed: Uint8Array, key: Uint8Array, context: SealContext): Uint8Array {
  const refused = (cause?: unknown) =>
    new TesseraError('ACCESS_REFUSED', {
      message: `What should be ${context.role} of segment ${context.segment} does not open: it was altered, or is of another segment or job`,
      remedy: 'Nothing is done with it. Ask the requester for the job anew.',
      cause,
    });
  if (sealed.length < sealOverhead) throw refused();
  const nonce = sealed.subarray(0, nonceBytes);
  try {
    return xchacha20poly1305(key, nonce, associated(context)).decrypt(sealed.subarray(nonceBytes));
  } catch (cause) {
    throw refused(cause);
  }
}

function associated({ role, ...context }: SealContext): Uint8Array {
  return contextBytes('tessera/sealed', context, role);
}
