import { toHex } from 'viem';
import { wiringArgument } from '../../contracts/model-arguments.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Graph } from '../../protocol/graph.ts';
import { modelId } from '../../protocol/ids.ts';
import {
  blockPath,
  edgeDigest,
  edgesRoot,
  type JobOffer,
  type JobTerms,
  jobId,
  type MarketPlace,
  offerLeaf,
  statementDigests,
} from '../../protocol/job-ids.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { merklePath, merkleRoot } from '../../protocol/merkle.ts';

/** A posted job with what its terms only name: whoever has this needs the requester no more. */
export interface ChainJob {
  terms: JobTerms;
  /** One a segment. */
  offers: readonly JobOffer[];
  manifest: Manifest;
  /** Of every block of every edge, `commitments[edge][block]`, in canonical bytes. */
  commitments: readonly (readonly Uint8Array[])[];
}

/** What a requester decides about a job. */
export interface JobChoices {
  /** The account that posts it: 20 bytes in hexadecimal, without prefix. */
  requester: string;
  nonce: bigint;
  offers: readonly JobOffer[];
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
    model: modelId(manifest),
    ...statementDigests(manifest.graph, commitments),
    edges: bare(toHex(edgesRoot(commitments))),
    edgeCount: commitments.length,
    offers: bare(toHex(merkleRoot(offers.map((offer, segment) => offerLeaf(segment, offer))))),
  };
  return { terms, offers, manifest, commitments };
}

/**
 * Holds what is said of a job against its terms.
 *
 * @returns the job's id on this market
 * @throws TesseraError `JOB_MISMATCH` when manifest, offers or commitments are not those that the terms name
 */
export function checkJob({ terms, offers, manifest, commitments }: ChainJob, place: MarketPlace): Hex32 {
  const { graph } = manifest;
  const made = makeJob(manifest, commitments, { ...terms, offers }).terms;
  const different = (Object.keys(terms) as (keyof JobTerms)[]).filter((name) => made[name] !== terms[name]);
  if (offers.length !== graph.segments.length) different.push('offers');
  if (commitments.length !== graph.edges.length) different.push('edgeCount');
  if (different.length === 0) return jobId(place, terms);
  throw new TesseraError('JOB_MISMATCH', {
    message: `The job's files are not those of its terms: ${[...new Set(different)].join(', ')} differ`,
    remedy: 'Do not claim it; get the files from whoever posted it again.',
    details: { fields: [...new Set(different)] },
  });
}

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
export function edgeOpenings(
  { manifest, commitments }: ChainJob,
  side: keyof Pick<Graph, 'inputs' | 'outputs'>,
) {
  const digests = commitments.map(edgeDigest);
  return manifest.graph[side].map((edge) => ({
    index: BigInt(edge),
    digest: toHex(digests[edge] ?? new Uint8Array()),
    path: words(merklePath(digests, edge)),
  }));
}

/** A segment's place in the graph, and its blocks under the job's root: inputs before outputs. */
export function segmentPlace({ manifest, commitments }: ChainJob, segment: number) {
  const wiring = wiringArgument(manifest, segment);
  const refs = manifest.graph.segments[segment];
  const openings = [...(refs?.inputs ?? []), ...(refs?.outputs ?? [])].map((ref) => {
    const path = blockPath(commitments, ref);
    return {
      blockCount: BigInt(path.blockCount),
      blockPath: words(path.blockPath),
      edgePath: words(path.edgePath),
    };
  });
  return { wiring, openings };
}

/** A segment's offer with its way to the root of offers. @throws RangeError for a segment that does not exist */
export function offerPlace({ offers }: ChainJob, segment: number) {
  const path = merklePath(
    offers.map((offer, index) => offerLeaf(index, offer)),
    segment,
  );
  return { offer: offers[segment] as JobOffer, path: words(path) };
}
