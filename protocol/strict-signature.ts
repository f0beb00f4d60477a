import { ed25519 } from '@noble/curves/ed25519.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from './edge.ts';

/** Says whether an Ed25519 signature holds; the signature has 64 bytes. */
export type SignatureCheck = (publicKey: Hex32, message: Uint8Array, signature: Uint8Array) => boolean;

/** Whether an Ed25519 signature holds by RFC 8032's strict rules: all readers agree on which are valid. */
export function isSignedBy(publicKey: Hex32, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, hexToBytes(publicKey), { zip215: false });
  } catch {
    // The key or the signature is no point of the curve: the library throws where others say false.
    return false;
  }
}
