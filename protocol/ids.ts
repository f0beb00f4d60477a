/** Names of things by their content. protocol/README.md has the exact layouts; contracts compute the keccak ones. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { create as createDigest } from 'multiformats/hashes/digest';
import { sha256 as multihash } from 'multiformats/hashes/sha2';
import type { EdgeType, Hex32 } from './edge.ts';
import { TesseraError } from './errors.ts';
import type { BlockRef, Segment } from './graph.ts';
import type { Circuit, Manifest } from './manifest.ts';
import { encodeManifest } from './manifest-codec.ts';
import { merkleRoot } from './merkle.ts';
import { int, keccak, keccakOf, label, uint } from './words.ts';

/** sha2-256 of bytes: the digest by which artifacts are named. */
export function sha256Hex(bytes: Uint8Array): Hex32 {
  return bytesToHex(sha256(bytes));
}

/** The CIDv1 (raw, sha2-256, base32) of an artifact with this digest. */
export function artifactCid(digest: Hex32): string {
  return CID.createV1(raw.code, createDigest(multihash.code, hexToBytes(digest))).toString();
}

/** sha2-256 of the manifest in its one encoding; also the digest of its CID. */
export function manifestDigest(manifest: Manifest): Hex32 {
  return sha256Hex(encodeManifest(manifest));
}

/**
 * The id of an SRS: keccak256 over a label, the curve's name and [s]G2: six words.
 *
 * @param sG2 [s]G2 as the EVM's precompiles read it (EIP-197): x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0, 32 bytes big-endian each
 * @throws TesseraError `ENCODING_INVALID` unless it has 128 bytes
 */
export function srsId(curve: 'bn254', sG2: Uint8Array): Hex32 {
  if (sG2.length !== 128) {
    throw new TesseraError('ENCODING_INVALID', { message: `[s]G2 has ${sG2.length} bytes instead of 128` });
  }
  return bytesToHex(keccak(label('tessera/srs/1'), label(curve), sG2));
}

/** The id under which a model is registered: keccak256 of ten words, as a contract computes it. */
export function modelId(manifest: Manifest): Hex32 {
  const { graph, circuits, srs } = manifest;
  return bytesToHex(
    keccak(
      label('tessera/model/1'),
      hexToBytes(manifestDigest(manifest)),
      uint(circuits.length),
      merkleRoot(circuits.map(circuitLeaf)),
      uint(graph.segments.length),
      merkleRoot(graph.segments.map(segmentLeaf)),
      keccakOf(graph.inputs.map(uint)),
      keccakOf(graph.outputs.map(uint)),
      uint(srs.length),
      keccakOf(srs.map(hexToBytes)),
    ),
  );
}

/** A circuit's leaf in the tree of circuits. */
export function circuitLeaf(circuit: Circuit): Uint8Array {
  const artifacts = Object.entries(circuit.artifacts)
    .map(([role, digest]) => bytesToHex(label(role)) + digest)
    .sort();
  return keccak(
    label('tessera/circuit/1'),
    label(circuit.adapter),
    keccakOf(artifacts.map(hexToBytes)),
    keccakOf(circuit.inputs.map(portHash)),
    keccakOf(circuit.outputs.map(portHash)),
  );
}

/** A segment's leaf in the tree of the wiring. */
export function segmentLeaf(segment: Segment, index: number): Uint8Array {
  return keccak(
    label('tessera/segment/1'),
    uint(index),
    uint(segment.circuit),
    references(segment.inputs),
    references(segment.outputs),
  );
}

/** The hash of an edge type: two types are identical exactly when their hashes are. */
export function portHash(type: EdgeType): Uint8Array {
  const { interval, scheme } = type;
  const proven = interval !== 'unproven';
  const kzg = scheme.name === 'kzg';
  return keccak(
    label('tessera/port/1'),
    keccakOf(type.shape.map(uint)),
    uint(type.signed ? 1 : 0),
    int(BigInt(type.scale)),
    uint(proven ? 1 : 0),
    int(proven ? interval.lo : 0n),
    int(proven ? interval.hi : 0n),
    label(scheme.name),
    kzg ? hexToBytes(scheme.srs) : uint(0),
    uint(kzg ? scheme.k : 0),
    uint(kzg ? scheme.usableRows : 0),
    uint(scheme.name === 'poseidon2' && scheme.blinded ? 1 : 0),
  );
}

function references(refs: readonly BlockRef[]): Uint8Array {
  return keccakOf(refs.flatMap(({ edge, block }) => [uint(edge), uint(block)]));
}
