import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { wrappedKeyBytes } from './wrapped-key.ts';

/** Peers that one job may be for. */
export const maxInvited = 256;

const entryBytes = 32 + wrappedKeyBytes;

/** Bytes of the longest list of wrapped keys. */
export const wrappedKeysBytes: number = maxInvited * entryBytes;

/** Writes a segment's key as it was wrapped for each peer: entries of the peer's public key and the wrapped key. */
export function encodeWrappedKeys(keys: ReadonlyMap<Hex32, Uint8Array>): Uint8Array {
  const entries = [...keys].sort(([one], [other]) => (one < other ? -1 : 1));
  return concatBytes(...entries.flatMap(([peer, wrapped]) => [hexToBytes(peer), wrapped]));
}

/**
 * A peer's entry of what {@link encodeWrappedKeys} wrote.
 *
 * @throws TesseraError `ENCODING_INVALID` for other bytes, `ACCESS_REFUSED` where the peer has none
 */
export function findWrappedKey(bytes: Uint8Array, peer: Hex32): Uint8Array {
  if (bytes.length > wrappedKeysBytes || bytes.length % entryBytes !== 0) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `${bytes.length} bytes are no list of wrapped keys`,
    });
  }
  for (let at = 0; at < bytes.length; at += entryBytes) {
    if (bytesToHex(bytes.subarray(at, at + 32)) === peer) return bytes.subarray(at + 32, at + entryBytes);
  }
  throw new TesseraError('ACCESS_REFUSED', { message: 'This peer is not among those that are invited' });
}
