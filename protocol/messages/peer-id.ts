import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { base58btc } from 'multiformats/bases/base58';
import type { Hex32 } from '../edge.ts';
import { TesseraError } from '../errors.ts';

/**
 * What precedes an Ed25519 key in its peer id: an identity multihash of 36 bytes, and the protobuf message of the key
 * with its type and length (libp2p specifications, "Peer Ids and Keys").
 */
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/** The peer id, in base58btc (`12D3KooW…`), of an Ed25519 public key. */
export function peerIdOf(publicKey: Hex32): string {
  return base58btc.baseEncode(concatBytes(prefix, hexToBytes(publicKey)));
}

/**
 * The Ed25519 public key that a peer id consists of.
 *
 * @throws TesseraError `ENCODING_INVALID` for text that is no peer id, or is the id of another kind of key
 */
export function publicKeyOf(peerId: string): Hex32 {
  const invalid = () =>
    new TesseraError('ENCODING_INVALID', {
      message: `${peerId.slice(0, 64)} is not the peer id of an Ed25519 key`,
    });
  if (peerId.length > 64) throw invalid();
  let decoded: Uint8Array;
  try {
    decoded = base58btc.baseDecode(peerId);
  } catch {
    throw invalid();
  }
  if (decoded.length !== prefix.length + 32 || prefix.some((byte, i) => byte !== decoded[i])) throw invalid();
  return bytesToHex(decoded.subarray(prefix.length));
}
