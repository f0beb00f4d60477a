import { type Hex, keccak256 } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { modelRegistryAbi } from './abi.ts';
import type { ProofArtifacts } from './file-store.ts';
import { type ChainJob, segmentWiring, word } from './job.ts';
import type { Market, SegmentOnChain } from './market.ts';
import { decodeProofArtifact, proofArgument } from './proof-artifact.ts';
import type { SendOptions } from './sender.ts';

/** What a watcher finds of a submission. */
export type Judgement =
  | { verdict: 'holds' }
  /** Its bytes are no proof, or one that the verifier rejects or that binds other values. */
  | { verdict: 'fails'; reason: string }
  /** Its bytes cannot be had now, which whoever looks may be at fault for. */
  | { verdict: 'missing'; reason: string };

/**
 * Judges a submission as the contract would: the chain's own verifier runs on it, in a call that costs nothing.
 *
 * @throws TesseraError `CHAIN_FAILED` when the chain cannot be asked, `CHAIN_REFUSED` when the endpoint gives the call too
 *   little gas or does not know the model yet: that says nothing about the submission
 */
export async function judgeSubmission(
  market: Market,
  job: ChainJob,
  segment: number,
  { proof: digest, claimant }: Pick<SegmentOnChain, 'proof' | 'claimant'>,
  proofs: Pick<ProofArtifacts, 'get'>,
): Promise<Judgement> {
  const artifact = await proofs.get(digest.slice(2));
  if (artifact === undefined)
    return { verdict: 'missing', reason: `its bytes, ${digest.slice(2)}, cannot be had` };
  const proof = decodeProofArtifact(artifact);
  if (proof === undefined) return { verdict: 'fails', reason: 'its bytes are not the encoding of a proof' };

  const context = market.contextOf(market.idOf(job.terms), segment, claimant);
  const wiring = segmentWiring(job, segment);
  const args = [word(job.terms.model), BigInt(segment), wiring, proofArgument(proof), context] as const;
  const request = {
    address: market.addresses.models,
    abi: modelRegistryAbi,
    functionName: 'verifySegment',
    args,
  } as const;
  try {
    const bound = await market.chain.read(request);
    const different = boundaryOf(job, segment).findIndex((commitment, port) => commitment !== bound[port]);
    return different < 0
      ? { verdict: 'holds' }
      : { verdict: 'fails', reason: `it binds other values at port ${different}` };
  } catch (error) {
    if (isVerdict(error)) return { verdict: 'fails', reason: error.message };
    throw error;
  }
}

/** How the registry refuses a proof for what it is. */
const verdicts: readonly unknown[] = ['ProofRejected', 'BoundaryMalformed', 'ContextMismatch'];

function isVerdict(error: unknown): error is TesseraError {
  return error instanceof TesseraError && verdicts.includes(error.details.error);
}

export interface WatchOptions extends SendOptions {
  /** Whether bytes that cannot be had are challenged too; true unless given. */
  challengeMissing?: boolean;
}

/**
 * Judges what a segment's claimant submitted and challenges it if it fails.
 *
 * @returns what was found; nothing when there is no submission that can be challenged
 * @throws TesseraError as {@link judgeSubmission}, and `CHAIN_REFUSED`
 */
export async function watchSegment(
  market: Market,
  job: ChainJob,
  segment: number,
  proofs: Pick<ProofArtifacts, 'get'>,
  { challengeMissing = true, ...options }: WatchOptions = {},
): Promise<Judgement | undefined> {
  const found = await market.segment(market.idOf(job.terms), segment);
  if (found.state !== 'submitted' || (await market.chain.now()) > found.deadline) return undefined;
  const judgement = await judgeSubmission(market, job, segment, found, proofs);
  const isFaulty = judgement.verdict === 'fails' || (judgement.verdict === 'missing' && challengeMissing);
  if (isFaulty) await market.challenge(job, segment, options);
  return judgement;
}

/** keccak256 of what the job commits to at each port of a segment. */
function boundaryOf({ manifest, commitments }: ChainJob, segment: number): Hex[] {
  const { inputs, outputs } = manifest.graph.segments[segment] ?? { inputs: [], outputs: [] };
  return [...inputs, ...outputs].map(({ edge, block }) =>
    keccak256(commitments[edge]?.[block] ?? new Uint8Array()),
  );
}
