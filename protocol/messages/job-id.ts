import { hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { encodeCbor } from '../encoding/cbor.ts';
import { sha256Hex } from '../ids.ts';

/**
 * The id of a job: sha2-256 of `["tessera/job", 1, requester, manifest, nonce]`, which only that requester can offer.
 *
 * @param requester Ed25519 public key
 * @param manifest Digest of the manifest
 * @param nonce 32 random bytes, so that one manifest can be offered more than once
 */
export function jobId(requester: Hex32, manifest: Hex32, nonce: Hex32): Hex32 {
  return sha256Hex(encodeCbor(['tessera/job', 1, ...[requester, manifest, nonce].map(hexToBytes)]));
}
