import { decodeAbiParameters, type Hex, hexToBytes, keccak256 } from 'viem';
import type { Proof } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { contextOf } from '../../protocol/job-ids.ts';
import { modelRegistryAbi } from './abi.ts';
import type { ProofArtifacts } from './file-store.ts';
import { type ChainJob, segmentPlace, word } from './job.ts';
import type { Market, SegmentOnChain } from './market.ts';
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
 * @throws TesseraError `CHAIN_FAILED` when the chain cannot be asked: that says nothing about the submission
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
  const proof = decodeProof(artifact);
  if (proof === undefined) return { verdict: 'fails', reason: 'its bytes are not the encoding of a proof' };

  const context = contextOf(market.place, market.idOf(job.terms), segment, claimant.slice(2).toLowerCase());
  const { wiring } = segmentPlace(job, segment);
  const args = [word(job.terms.model), BigInt(segment), wiring, proof, context] as const;
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
    if (!(error instanceof TesseraError) || error.code !== 'CHAIN_REFUSED') throw error;
    return { verdict: 'fails', reason: error.message };
  }
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

const proofType = [
  {
    type: 'tuple',
    components: [
      { name: 'publicInputs', type: 'uint256[]' },
      { name: 'data', type: 'bytes' },
    ],
  },
] as const;

/** A proof from its artifact, as the contracts encode it; nothing where the bytes are none. */
export function decodeProofArtifact(artifact: Uint8Array): Proof | undefined {
  const decoded = decodeProof(artifact);
  return decoded && { publicInputs: decoded.publicInputs, bytes: hexToBytes(decoded.data) };
}

function decodeProof(artifact: Uint8Array) {
  try {
    return decodeAbiParameters(proofType, artifact)[0];
  } catch {
    // Whatever is wrong with it, the contract could not decode it either.
    return undefined;
  }
}
