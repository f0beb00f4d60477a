/** Names of jobs and of what they fix, as the contracts compute them; docs/contracts.md says what they are for. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from './edge.ts';
import { scalarModulus } from './field.ts';
import type { BlockRef, Graph } from './graph.ts';
import { MerkleTree, merkleRoot } from './merkle.ts';
import { address, keccak, keccakOf, label, uint } from './words.ts';

/** Where a job is posted. */
export interface MarketPlace {
  chainId: bigint;
  /** The market's address: 20 bytes in lower-case hexadecimal, without prefix. */
  market: string;
}

/** What a job promises, in the contract's order; hexadecimal without prefix. */
export interface JobTerms {
  /** 20 bytes. */
  requester: string;
  nonce: bigint;
  model: Hex32;
  inputDigest: Hex32;
  outputDigest: Hex32;
  edges: Hex32;
  edgeCount: number;
  offers: Hex32;
  /** 20 bytes; zero for the chain's coin. */
  token: string;
  optimistic: boolean;
  /** Seconds. */
  window: bigint;
  /** Seconds since 1970. */
  expiry: bigint;
}

/** What one segment's proof is worth; amounts in the token's and the coin's smallest unit. */
export interface SegmentOffer {
  reward: bigint;
  bond: bigint;
  /** Seconds from the claim to the latest submission. */
  duration: number;
}

/** Where one block's commitment stands under a job's root of edges. */
export interface BlockPath {
  blockCount: number;
  blockPath: Uint8Array[];
  edgePath: Uint8Array[];
}

/** The id of a job: its terms, on this chain and market. */
export function jobId({ chainId, market }: MarketPlace, terms: JobTerms): Hex32 {
  return bytesToHex(
    keccak(
      label('tessera/job/1'),
      uint(chainId),
      address(market),
      address(terms.requester),
      uint(terms.nonce),
      hexToBytes(terms.model),
      hexToBytes(terms.inputDigest),
      hexToBytes(terms.outputDigest),
      hexToBytes(terms.edges),
      uint(terms.edgeCount),
      hexToBytes(terms.offers),
      address(terms.token),
      uint(terms.optimistic ? 1 : 0),
      uint(terms.window),
      uint(terms.expiry),
    ),
  );
}

/** Of leaves that a job has very many of. */
const labels = {
  offer: label('tessera/offer/1'),
  edge: label('tessera/edge/1'),
  block: label('tessera/block/1'),
};

/** An offer's leaf in the tree of a job's offers. */
export function offerLeaf(segment: number, { reward, bond, duration }: SegmentOffer): Uint8Array {
  return keccak(labels.offer, uint(segment), uint(reward), uint(bond), uint(duration));
}

/**
 * The digest of an edge: of the commitments of all its blocks.
 *
 * @param commitments one for each block, in the scheme's canonical bytes
 */
export function edgeDigest(commitments: readonly Uint8Array[]): Uint8Array {
  return keccak(labels.edge, uint(commitments.length), merkleRoot(commitments.map(blockLeaf)));
}

/** The digest of several edges, as a job's inputs or outputs: in the order in which the model lists them. */
export function boundaryDigest(edges: readonly (readonly Uint8Array[])[]): Hex32 {
  return bytesToHex(keccakOf([label('tessera/boundary/1'), ...edges.map(edgeDigest)]));
}

/**
 * The root over a job's edges.
 *
 * @param commitments of every block, `commitments[edge][block]`
 */
export function edgesRoot(commitments: readonly (readonly Uint8Array[])[]): Uint8Array {
  return merkleRoot(commitments.map(edgeDigest));
}

/**
 * The tree of {@link edgesRoot}, for whoever wants many paths in it.
 *
 * @param commitments of every block, `commitments[edge][block]`
 */
export function edgeTree(commitments: readonly (readonly Uint8Array[])[]): MerkleTree {
  return new MerkleTree(commitments.map(edgeDigest));
}

/**
 * The ways from blocks' commitments to the root of the edges.
 *
 * @param edges the tree of these commitments
 * @throws RangeError for a block that does not exist
 */
export function blockPaths(
  commitments: readonly (readonly Uint8Array[])[],
  refs: readonly BlockRef[],
  edges = edgeTree(commitments),
): BlockPath[] {
  const trees = new Map<number, MerkleTree>();
  return refs.map(({ edge, block }) => {
    const blocks = commitments[edge] ?? [];
    const tree = trees.get(edge) ?? new MerkleTree(blocks.map(blockLeaf));
    trees.set(edge, tree);
    return { blockCount: blocks.length, blockPath: tree.path(block), edgePath: edges.path(edge) };
  });
}

/** The digests of a graph's inputs and outputs under these commitments. */
export function statementDigests(
  { inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>,
  commitments: readonly (readonly Uint8Array[])[],
): { inputDigest: Hex32; outputDigest: Hex32 } {
  const digestOf = (edges: readonly number[]) => boundaryDigest(edges.map((edge) => commitments[edge] ?? []));
  return { inputDigest: digestOf(inputs), outputDigest: digestOf(outputs) };
}

/**
 * The field element that a proof of a segment is bound to, so that nobody else can use it.
 *
 * @param prover the account that submits it: 20 bytes in hexadecimal, without prefix
 */
export function contextOf(
  { chainId, market }: MarketPlace,
  job: Hex32,
  segment: number,
  prover: string,
): bigint {
  const digest = keccak(uint(chainId), address(market), hexToBytes(job), uint(segment), address(prover));
  return BigInt(`0x${bytesToHex(digest)}`) % scalarModulus;
}

function blockLeaf(commitment: Uint8Array): Uint8Array {
  return keccak(labels.block, keccak_256(commitment));
}
