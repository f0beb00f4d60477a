import { toHex } from 'viem';
import { circuitTree, wiringArgument, wiringTree } from '../../contracts/model-arguments.ts';
import { pauses } from '../../protocol/check/pauses.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Graph } from '../../protocol/graph.ts';
import { modelId } from '../../protocol/ids.ts';
import {
  blockPaths,
  edgeDigest,
  edgesRoot,
  edgeTree,
  type JobTerms,
  jobId,
  type MarketPlace,
  offerLeaf,
  type SegmentOffer,
  statementDigests,
} from '../../protocol/job-ids.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { MerkleTree, merkleRoot } from '../../protocol/merkle.ts';

/** A posted job with what its terms only name: whoever has this needs the requester no more. */
export interface ChainJob {
  terms: JobTerms;
  /** One a segment. */
  offers: readonly SegmentOffer[];
  manifest: Manifest;
  /** Of every block of every edge, `commitments[edge][block]`, in canonical bytes. */
  commitments: readonly (readonly Uint8Array[])[];
}

/** What a requester decides about a job. */
export interface JobChoices {
  /** The account that posts it: 20 bytes in hexadecimal, without prefix. */
  requester: string;
  nonce: bigint;
  offers: readonly SegmentOffer[];
  /** ERC-20 that pays; 20 zero bytes for the chain's coin. */
  token: string;
  optimistic: boolean;
  /** Seconds in which a submission can be challenged; 0 where every proof is verified. */
  window: bigint;
  /** Seconds since 1970. */
  expiry: bigint;
}

/** The chain's coin in the place of a token. */
export const coinToken = '0'.repeat(40);

export type Word = `0x${string}`;
export const word = (hex: string): Word => `0x${hex}`;
/** As the formats of this program write it: without prefix, and without a checksum in its letters. */
export const bare = (hex: Word): string => hex.slice(2).toLowerCase();
const words = (path: readonly Uint8Array[]): Word[] => path.map((sibling) => toHex(sibling));

/** The job of a computation whose edges are all committed to. */
export function makeJob(
  manifest: Manifest,
  commitments: readonly (readonly Uint8Array[])[],
  { offers, ...choices }: JobChoices,
): ChainJob {
  const terms: JobTerms = {
    ...choices,
    ...contentTerms({ manifest, commitments }, edgesRoot(commitments)),
    offers: bare(toHex(merkleRoot(offerLeaves(offers)))),
  };
  return { terms, offers, manifest, commitments };
}

/** What a job's terms say of its computation. @param edges the root of its edges */
function contentTerms(
  { manifest, commitments }: Pick<ChainJob, 'manifest' | 'commitments'>,
  edges: Uint8Array,
) {
  return {
    model: modelId(manifest),
    ...statementDigests(manifest.graph, commitments),
    edges: bare(toHex(edges)),
    edgeCount: commitments.length,
  };
}

/** Jobs that were found to be what their terms say: a stranger's may be so large that this takes seconds. */
const checked = new WeakSet<ChainJob>();

/**
 * Holds what is said of a job against its terms, once.
 *
 * @param job not changed afterwards
 * @returns the job's id on this market
 * @throws TesseraError `JOB_MISMATCH` when manifest, offers or commitments are not those that the terms name; the
 *   signal's reason
 */
export async function checkJob(job: ChainJob, place: MarketPlace, signal?: AbortSignal): Promise<Hex32> {
  if (!checked.has(job)) await requireTerms(job, pauses(signal));
  checked.add(job);
  return jobId(place, job.terms);
}

/** @param pause lets other work run: a job may have so many edges that hashing them takes seconds */
async function requireTerms(job: ChainJob, pause: () => Promise<void>): Promise<void> {
  const { terms, offers, manifest, commitments } = job;
  const { graph } = manifest;
  const digests: Uint8Array[] = [];
  for (const blocks of commitments) {
    await pause();
    digests.push(edgeDigest(blocks));
  }
  const edges = new MerkleTree(digests);
  treesOf(job).edges = edges;
  await pause();
  const offered = bare(toHex(treeOf(job, 'offers').root));
  await pause();
  const made: JobTerms = { ...terms, ...contentTerms(job, edges.root), offers: offered };
  const different = (Object.keys(terms) as (keyof JobTerms)[]).filter((name) => made[name] !== terms[name]);
  if (offers.length !== graph.segments.length) different.push('offers');
  if (commitments.length !== graph.edges.length) different.push('edgeCount');
  if (different.length === 0) return;
  throw new TesseraError('JOB_MISMATCH', {
    message: `The job's files are not those of its terms: ${[...new Set(different)].join(', ')} differ`,
    remedy: 'Do not claim it; get the files from whoever posted it again.',
    details: { fields: [...new Set(different)] },
  });
}

/** The trees that a job's segments are opened in. */
interface JobTrees {
  edges: MerkleTree;
  wiring: MerkleTree;
  circuits: MerkleTree;
  offers: MerkleTree;
}

const known = new WeakMap<ChainJob, Partial<JobTrees>>();

/** One of a job's trees, made when it is first wanted: a job may have very many edges and segments. */
function treeOf(job: ChainJob, which: keyof JobTrees): MerkleTree {
  const trees = treesOf(job);
  trees[which] ??= makeTree[which](job);
  return trees[which];
}

function treesOf(job: ChainJob): Partial<JobTrees> {
  const trees = known.get(job) ?? {};
  known.set(job, trees);
  return trees;
}

const offerLeaves = (offers: readonly SegmentOffer[]) =>
  offers.map((offer, segment) => offerLeaf(segment, offer));

const makeTree: Record<keyof JobTrees, (job: ChainJob) => MerkleTree> = {
  edges: ({ commitments }) => edgeTree(commitments),
  wiring: ({ manifest }) => wiringTree(manifest.graph),
  circuits: ({ manifest }) => circuitTree(manifest),
  offers: ({ offers }) => new MerkleTree(offerLeaves(offers)),
};

/** A job's terms as the contract's `Terms`. */
export function termsArgument(terms: JobTerms) {
  return {
    requester: word(terms.requester),
    nonce: terms.nonce,
    model: word(terms.model),
    inputDigest: word(terms.inputDigest),
    outputDigest: word(terms.outputDigest),
    edges: word(terms.edges),
    edgeCount: BigInt(terms.edgeCount),
    offers: word(terms.offers),
    token: word(terms.token),
    optimistic: terms.optimistic,
    window: terms.window,
    expiry: terms.expiry,
  };
}

/** The edges of the whole on one side as the contract's `EdgeOpening`s. */
export function edgeOpenings(job: ChainJob, side: keyof Pick<Graph, 'inputs' | 'outputs'>) {
  const tree = treeOf(job, 'edges');
  return job.manifest.graph[side].map((edge) => ({
    index: BigInt(edge),
    digest: toHex(tree.leaf(edge)),
    path: words(tree.path(edge)),
  }));
}

/** A segment's place in the graph. @throws RangeError for a segment that does not exist */
export function segmentWiring(job: ChainJob, segment: number) {
  const trees = { wiring: treeOf(job, 'wiring'), circuits: treeOf(job, 'circuits') };
  return wiringArgument(job.manifest, segment, trees);
}

/** A segment's place in the graph, and its blocks under the job's root: inputs before outputs. */
export function segmentPlace(job: ChainJob, segment: number) {
  const wiring = segmentWiring(job, segment);
  const refs = job.manifest.graph.segments[segment];
  const ports = [...(refs?.inputs ?? []), ...(refs?.outputs ?? [])];
  const openings = blockPaths(job.commitments, ports, treeOf(job, 'edges')).map((path) => ({
    blockCount: BigInt(path.blockCount),
    blockPath: words(path.blockPath),
    edgePath: words(path.edgePath),
  }));
  return { wiring, openings };
}

/** A segment's offer with its way to the root of offers. @throws RangeError for a segment that does not exist */
export function offerPlace(job: ChainJob, segment: number) {
  const path = treeOf(job, 'offers').path(segment);
  return { offer: job.offers[segment] as SegmentOffer, path: words(path) };
}
