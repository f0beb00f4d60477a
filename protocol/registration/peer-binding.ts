import { ed25519 } from '@noble/curves/ed25519.js';
import type { Hex32 } from '../edge.ts';
import { isSignedBy } from '../strict-signature.ts';
import { address, keccak, label, uint } from '../words.ts';

/** An account of one chain, and the registry there that a peer id is tied to it in; addresses without prefix. */
export interface AccountPlace {
  chainId: bigint;
  /** The node registry: 20 bytes in lower-case hexadecimal. */
  registry: string;
  /** 20 bytes in lower-case hexadecimal. */
  account: string;
}

/** The 32 bytes that a peer's key signs to tie itself to an account, as the registry computes them. */
export function bindingMessage({ chainId, registry, account }: AccountPlace): Uint8Array {
  return keccak(label('tessera/peer-binding/1'), uint(chainId), address(registry), address(account));
}

/**
 * The peer's half of the tie; the account's is its transaction.
 *
 * @param secretKey the peer's 32-byte Ed25519 secret key
 * @returns 64 bytes
 */
export function signBinding(place: AccountPlace, secretKey: Uint8Array): Uint8Array {
  return ed25519.sign(bindingMessage(place), secretKey);
}

/** Whether a peer's key was tied to this account: where not, it ties nothing, whatever a registry shows. */
export function isBound(place: AccountPlace, peerKey: Hex32, signature: Uint8Array): boolean {
  return isSignedBy(peerKey, bindingMessage(place), signature);
}
