import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../edge.ts';
import { type CborLimits, decodeCbor, encodeCbor } from '../encoding/cbor.ts';
import { openEnvelope } from '../encoding/envelope.ts';
import { TesseraError } from '../errors.ts';
import { sha256Hex } from '../ids.ts';
import { isSignedBy, type SignatureCheck } from '../strict-signature.ts';
import { messageLimits } from './limits.ts';
import type { Message } from './message.ts';
import { decodeMessageBody, encodeMessageBody } from './message-codec.ts';

const tag = 'tessera/message';
const version = 1;

/** Signed before the body, so that no signature made here means anything elsewhere. */
const signatureDomain = utf8ToBytes('tessera/message/1\0');

/** A message as it travels, and what it says. */
export interface SignedMessage<M extends Message = Message> {
  /** sha2-256 of the body: the same message is acted upon once, however often and on whichever way it comes. */
  id: Hex32;
  message: M;
  /** The envelope. */
  bytes: Uint8Array;
}

/**
 * Signs a message (Ed25519, RFC 8032).
 *
 * @param secretKey The sender's 32-byte secret key
 * @throws TesseraError `ENCODING_INVALID` when the message exceeds a limit, or names a sender other than the key's
 */
export function signMessage<M extends Message>(message: M, secretKey: Uint8Array): SignedMessage<M> {
  if (bytesToHex(ed25519.getPublicKey(secretKey)) !== message.sender)
    throw invalid('the key is not its sender’s');
  const body = encodeMessageBody(message);
  const signature = ed25519.sign(signedBytes(body), secretKey);
  const bytes = encodeCbor([tag, version, body, signature]);
  if (bytes.length > messageLimits.envelopeBytes) {
    throw invalid(`it takes ${bytes.length} bytes, above the limit of ${messageLimits.envelopeBytes}`);
  }
  return { id: sha256Hex(body), message, bytes };
}

/**
 * Reads a message and verifies its signature. Whether it is timely is `freshness`'s to say.
 *
 * @param check in place of `isSignedBy`, and of the same opinion always
 * @throws TesseraError `ENCODING_INVALID` for bytes that are not a message signed by the sender that it names
 */
export function openMessage(bytes: Uint8Array, check: SignatureCheck = isSignedBy): SignedMessage {
  const [body, signature] = openEnvelope(decodeCbor(bytes, envelopeLimits), tag, version, 2);
  if (!(body instanceof Uint8Array) || !(signature instanceof Uint8Array) || signature.length !== 64) {
    throw invalid('its envelope is malformed');
  }
  const message = decodeMessageBody(body);
  if (!check(message.sender, signedBytes(body), signature)) throw invalid('it is not signed by its sender');
  return { id: sha256Hex(body), message, bytes };
}

/** The envelope is one array of four. */
const envelopeLimits: CborLimits = { bytes: messageLimits.envelopeBytes, items: 5, depth: 1 };

function signedBytes(body: Uint8Array): Uint8Array {
  return concatBytes(signatureDomain, body);
}

function invalid(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `The message is refused: ${why}` });
}
