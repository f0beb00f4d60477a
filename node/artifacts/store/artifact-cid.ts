import * as dagPb from '@ipld/dag-pb';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { TesseraError } from '../../../protocol/errors.ts';

/** Bytes of every CID used here: version, codec, hash and its length in a byte each, then the hash. */
export const cidBytes = 36;

/**
 * Reads the CID of an artifact or of one of its blocks: version 1, raw or dag-pb, sha2-256.
 *
 * @throws TesseraError `ENCODING_INVALID`
 */
export function parseArtifactCid(text: string): CID {
  // A longer text cannot name anything here; it is not worth decoding.
  if (text.length <= 2 * cidBytes) {
    try {
      const cid = CID.parse(text);
      if (isArtifactCid(cid)) return cid;
    } catch (error) {
      throw unusable(text, error);
    }
  }
  throw unusable(text);
}

/** Reads the binary form of such a CID, {@link cidBytes} bytes; undefined where it is none. */
export function decodeArtifactCid(bytes: Uint8Array): CID | undefined {
  // The only three headers there are; comparing them spares a general decoder on what peers send.
  const [version, codec, hash, length] = bytes;
  const known = codec === raw.code || codec === dagPb.code;
  if (bytes.length !== cidBytes || version !== 1 || !known || hash !== sha256.code || length !== 32) return;
  return CID.decode(bytes);
}

/** Whether a block is bytes of an artifact and no node of its DAG. */
export function isLeaf(cid: CID): boolean {
  return cid.code === raw.code;
}

export function isArtifactCid(cid: CID): boolean {
  const { version, code, multihash } = cid;
  const known = code === raw.code || code === dagPb.code;
  return version === 1 && known && multihash.code === sha256.code && multihash.digest.length === 32;
}

function unusable(text: string, cause?: unknown): TesseraError {
  return new TesseraError('ENCODING_INVALID', {
    message: `${text.slice(0, 100)} is not the CID of an artifact`,
    remedy: 'Give a CID of version 1 (raw or dag-pb, sha2-256), as `tessera artifacts add` prints it.',
    cause,
  });
}
