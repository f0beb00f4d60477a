/** The artifact protocol's names, frames and limits; README.md in this folder specifies them. */
import type { CID } from 'multiformats/cid';
import { protocolPrefix } from '../../network/protocols.ts';
import { artifactLayout, cidBytes, decodeArtifactCid } from '../store/index.ts';

export const artifactProtocol = `${protocolPrefix}/artifacts/1.0.0`;

/** Bytes of a request: the CID of one block. */
export const requestBytes = cidBytes;

/** Bytes of an answer's head: the length of the block that follows, or {@link notHeld}. */
export const answerHeadBytes = 4;

/** The answer to a request for a block that the provider does not have. */
const notHeld = 0xffff_ffff;

/** Limits that both sides keep. */
export const transferLimits = {
  /** Bytes of a block: a leaf's, since nodes are smaller. */
  blockBytes: artifactLayout.leafBytes,
  /** Requests of one stream that are not yet answered. */
  requestsAhead: 8,
  /** Streams that a peer has open to another one. */
  streamsPerPeer: 4,
} as const;

/** @returns undefined when the bytes name no block of an artifact */
export function decodeRequest(frame: Uint8Array): CID | undefined {
  return decodeArtifactCid(frame);
}

/** The head of an answer that carries a block of so many bytes, or says that there is none. */
export function encodeAnswerHead(bytes: number | undefined): Uint8Array {
  const head = new Uint8Array(answerHeadBytes);
  new DataView(head.buffer).setUint32(0, bytes ?? notHeld);
  return head;
}

/** @returns the block's length, not yet held to any limit; undefined when the provider does not have it */
export function decodeAnswerHead(head: Uint8Array): number | undefined {
  const length = new DataView(head.buffer, head.byteOffset, answerHeadBytes).getUint32(0);
  return length === notHeld ? undefined : length;
}
