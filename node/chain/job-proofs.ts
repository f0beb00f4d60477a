import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, decodeFunctionData, type Hex, hexToBytes, isAddressEqual } from 'viem';
import type { ChainBinding, Proof } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { marketAbi } from './abi.ts';
import { attempt } from './chain-client.ts';
import { type Cursor, EventReader, type MarketEvent } from './events.ts';
import type { ProofArtifacts } from './file-store.ts';
import { bare, type ChainJob } from './job.ts';
import type { Market } from './market.ts';
import { postingState } from './posting.ts';
import { decodeProofArtifact, proofOf } from './proof-artifact.ts';
import { judgeSubmission, watchSegment } from './watcher.ts';

export interface JobProofsInit {
  market: Market;
  job: ChainJob;
  /** A block before the job was posted. */
  since: bigint;
  /** Where proofs can be had that were submitted by their hash. */
  proofs: Pick<ProofArtifacts, 'get'>;
}

export interface JobProofsOptions {
  signal?: AbortSignal;
  /** Is told of each segment whose proof is there. */
  onProof?: (segment: number, prover: Address) => void;
  /** Is told of a submission that was challenged. */
  onChallenge?: (segment: number, reason: string) => void;
}

/** The proofs of a job, one a segment, and what they are bound to. */
export interface JobProofs {
  proofs: readonly Proof[];
  chain: ChainBinding;
}

/** Seconds for which the bytes of a submission may be missing before that is challenged. */
const patience = 600;

interface Found {
  proof: Proof;
  prover: Address;
}

/** What was submitted by its hash. */
interface Submitted {
  digest: string;
  claimant: Address;
  since: number;
}

/**
 * Waits until every segment of a job has a proof, and takes it from the chain or from whoever submitted its hash. A
 * submission that does not hold is challenged: its requester pays for it.
 *
 * @throws TesseraError `DEADLINE_EXCEEDED` when a segment can be claimed no more, or was paid without a proof; `ABORTED`,
 *   `CHAIN_FAILED`, `CHAIN_REFUSED`
 */
export async function collectProofs(init: JobProofsInit, options: JobProofsOptions = {}): Promise<JobProofs> {
  const { market, job, since } = init;
  const { signal } = options;
  const collection = new Collection(init, options);
  let cursor: Cursor | undefined;
  const reader = new EventReader(market, {
    since,
    store: {
      load: async () => cursor,
      save: async (next) => {
        cursor = next;
      },
    },
    handle: (event) => collection.note(event),
    ...(signal ? { signal } : {}),
  });
  for (;;) {
    await reader.catchUp();
    await collection.fetchSubmitted();
    const found = collection.complete();
    if (found !== undefined) {
      const provers = found.map(({ prover }) => bare(prover));
      return {
        proofs: found.map(({ proof }) => proof),
        chain: { ...market.place, job: market.idOf(job.terms), provers },
      };
    }
    if ((await postingState(market, market.idOf(job.terms), job)) === 'ended') throw ended(job, collection);
    await sleep(Math.max(500, market.chain.network.pollInterval), undefined, signal ? { signal } : {});
  }
}

function ended({ offers }: ChainJob, { proven }: Collection): TesseraError {
  return new TesseraError('DEADLINE_EXCEEDED', {
    message: `The job is closed, or has expired, with ${proven} of its ${offers.length} segments proven`,
    remedy:
      'Run the same command again: it frees the escrow and posts the job anew. A higher --reward or a later --expires may find a worker.',
    details: { proven, segments: offers.length },
  });
}

class Collection {
  readonly #init: JobProofsInit;
  readonly #options: JobProofsOptions;
  readonly #id: Hex;
  readonly #found = new Map<number, Found>();
  readonly #claimants = new Map<number, Address>();
  readonly #submitted = new Map<number, Submitted>();

  constructor(init: JobProofsInit, options: JobProofsOptions) {
    this.#init = init;
    this.#options = options;
    this.#id = `0x${init.market.idOf(init.job.terms)}`;
  }

  /** Segments whose proof is there. */
  get proven(): number {
    return this.#found.size;
  }

  /** All proofs, in the graph's order; nothing while one is missing. */
  complete(): Found[] | undefined {
    const found = this.#init.job.offers.map((_, segment) => this.#found.get(segment));
    return found.every((one) => one !== undefined) ? found : undefined;
  }

  async note(event: MarketEvent): Promise<void> {
    if (!('segment' in event.args) || event.args.job !== this.#id) return;
    const segment = Number(event.args.segment);
    switch (event.eventName) {
      case 'SegmentClaimed':
        this.#claimants.set(segment, event.args.claimant);
        break;
      case 'ProofSubmitted': {
        const { proof, claimant } = event.args;
        this.#submitted.set(segment, { digest: proof.slice(2), claimant, since: performance.now() });
        break;
      }
      case 'SubmissionRejected':
        this.#submitted.delete(segment);
        break;
      case 'SegmentVerified':
        await this.#takeFrom(event.transactionHash, segment, event.args.prover);
        break;
    }
  }

  /** What was submitted by its hash is fetched and judged. */
  async fetchSubmitted(): Promise<void> {
    const { market, job, proofs } = this.#init;
    const { signal, onChallenge } = this.#options;
    for (const [segment, { digest, claimant, since }] of this.#submitted) {
      if (this.#found.has(segment)) continue;
      const challengeMissing = performance.now() - since > 1_000 * patience;
      const watched = await watchSegment(market, job, segment, proofs, {
        challengeMissing,
        ...(signal ? { signal } : {}),
      });
      // What can be challenged no more may be a proof all the same.
      const judgement =
        watched ?? (await judgeSubmission(market, job, segment, { proof: `0x${digest}`, claimant }, proofs));
      if (judgement.verdict === 'holds') {
        const proof = decodeProofArtifact((await proofs.get(digest)) ?? new Uint8Array());
        if (proof !== undefined) this.#take(segment, { proof, prover: claimant });
      } else if (judgement.verdict === 'fails' || challengeMissing) {
        if (watched === undefined) await this.#requireUnsettled(segment, judgement.reason);
        else {
          this.#submitted.delete(segment);
          onChallenge?.(segment, judgement.reason);
        }
      }
    }
  }

  /** @throws TesseraError `DEADLINE_EXCEEDED` for a segment that was paid without a proof, which nothing can change */
  async #requireUnsettled(segment: number, reason: string): Promise<void> {
    const { state } = await this.#init.market.segment(this.#id.slice(2), segment);
    if (state !== 'settled') return;
    throw new TesseraError('DEADLINE_EXCEEDED', {
      message: `Nobody challenged what was submitted for segment ${segment} in time, and it was paid: ${reason}`,
      remedy:
        'For a certificate, prove the model on this machine, or post the job anew; keep a node running that watches it.',
      details: { segment, reason },
    });
  }

  /** The proof that a transaction brought, which the contract accepted. */
  async #takeFrom(hash: Hex, segment: number, sender: Address): Promise<void> {
    const { market } = this.#init;
    if (this.#found.has(segment)) return;
    const { to, input } = await attempt(`Reading transaction ${hash}`, () =>
      market.chain.client.getTransaction({ hash }),
    );
    const call =
      to !== null && isAddressEqual(to, market.addresses.market)
        ? decodeFunctionData({ abi: marketAbi, data: input })
        : undefined;
    const prover = this.#claimants.get(segment) ?? sender;
    if (call?.functionName === 'prove') this.#take(segment, { proof: proofOf(call.args[4]), prover });
    else if (call?.functionName === 'raise') {
      this.#take(segment, { proof: proofOf(call.args[4]), prover: sender });
    } else if (call?.functionName === 'defend') {
      const proof = decodeProofArtifact(hexToBytes(call.args[4]));
      if (proof !== undefined) this.#take(segment, { proof, prover });
    }
    if (this.#found.has(segment)) return;
    throw new TesseraError('CHAIN_FAILED', {
      message: `Segment ${segment} was proven by transaction ${hash}, through another contract than the market`,
      remedy: 'The job is verified on the chain; for a certificate, prove the model on this machine.',
      details: { segment, transaction: hash },
    });
  }

  #take(segment: number, found: Found): void {
    if (this.#found.has(segment)) return;
    this.#found.set(segment, found);
    this.#options.onProof?.(segment, found.prover);
  }
}
