import { bytesToHex, hexToBytes, isAddressEqual } from 'viem';
import type { Proof } from '../../protocol/certificate.ts';
import { equalBytes } from '../../protocol/check/equal-bytes.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import { throwIfAborted } from '../abort.ts';
import type { ClaimGuard } from './claim-guard.ts';
import type { ProofArtifacts } from './file-store.ts';
import { type ChainJob, checkJob } from './job.ts';
import { type Market, proofCallBytes, type SegmentOnChain } from './market.ts';
import { encodeProofArtifact } from './proof-artifact.ts';

/** All that proving one segment takes, at hand: from here on the worker needs nobody. */
export interface ClaimedWork {
  /** What proving is expected to take. */
  expectedSeconds: number;
  /** Runs the segment in its circuit's arithmetic; gives the commitment at every port, inputs before outputs. */
  execute(signal?: AbortSignal): Promise<readonly Uint8Array[]>;
  /**
   * Whether it is proven before the bond, since a stranger gave its keys: such open and run like good ones, and make no
   * proof that verifies, or none of some inputs.
   */
  provesFirst: boolean;
  /** Proves it, bound to the context where the proof system has one. */
  prove(context: bigint, signal?: AbortSignal): Promise<Proof>;
  /** Lets go of what it takes. */
  close(): Promise<void>;
}

/** Gets a segment ready, when it is certain that there is something to do. */
export type OpenWork = () => Promise<ClaimedWork>;

export interface MarketWorkerInit {
  market: Market;
  proofs: ProofArtifacts;
  guard: ClaimGuard;
  /**
   * What is submitted to an optimistic job: the proof's `hash`, unless given, or at once the `proof`, which costs more
   * gas and is paid without waiting. Other jobs take the proof only.
   */
  submit?: 'hash' | 'proof';
}

export interface WorkOptions {
  signal?: AbortSignal;
  onProgress?: (step: WorkStep) => void;
}

/** What a worker just did, or is about to do. */
export type WorkStep = 'executing' | 'claimed' | 'proving' | 'proved' | 'submitted' | 'defended' | 'settled';

/** Times its own estimate that a worker wants between the claim and the deadline. */
const margin = 3;

/** Seconds for transactions and their confirmations. */
const overhead = 120;

/** Bytes of a call's data: nodes take no transaction above 128 KiB, its envelope included. */
const maxCallBytes = 2 ** 17 - 2 ** 10;

/**
 * One account's part in jobs. Every step first reads on chain how the segment stands, so a call after a crash, or a second
 * one, goes on from there and does nothing twice.
 */
export class MarketWorker {
  readonly #init: MarketWorkerInit;

  constructor(init: MarketWorkerInit) {
    this.#init = init;
  }

  /**
   * Takes a segment as far as it goes now: claims it, proves it, submits, defends it if it is challenged, settles it if
   * its window has passed.
   *
   * @returns the segment when nothing can be done now; `submitted` means: come back when the window has passed
   * @throws TesseraError `CLAIM_REFUSED` when it is not worth the risk, `EDGE_MISMATCH` when the job's edges are not
   *   what the segment gives, `CHAIN_REFUSED`, `CHAIN_FAILED`, or the prover's
   */
  async work(
    job: ChainJob,
    segment: number,
    open: OpenWork,
    options: WorkOptions = {},
  ): Promise<SegmentOnChain> {
    const { market } = this.#init;
    const id = await checkJob(job, market.place, options.signal);
    let opened: ClaimedWork | undefined;
    let early: Proof | undefined;
    const work = async () => {
      opened ??= await open();
      return opened;
    };
    try {
      for (;;) {
        throwIfAborted(options.signal);
        const found = await market.segment(id, segment);
        const isMine = isAddressEqual(found.claimant, market.chain.address);
        const isOver = async () => (await market.chain.now()) > found.deadline;
        if (found.state === 'open') early = await this.#claim(job, segment, work, options);
        else if (found.state === 'claimed' && (await isOver()))
          await this.#expire(job, segment, found, options);
        else if (!isMine) return found;
        else if (found.state === 'claimed') {
          const made = early;
          const proof = async () => made ?? this.#proofOf(job, segment, await work(), options);
          await this.#prove(job, segment, proof, found, options);
        } else if (found.state === 'challenged') await this.#defend(job, segment, found, options);
        else if (found.state === 'submitted' && (await isOver())) {
          await unlessOutrun(market.end('settle', job, segment, options));
          options.onProgress?.('settled');
        } else return found;
      }
    } finally {
      await opened?.close();
    }
  }

  /** @returns the proof, where it was made before the claim */
  async #claim(
    job: ChainJob,
    segment: number,
    open: OpenWork,
    options: WorkOptions,
  ): Promise<Proof | undefined> {
    const { market, guard } = this.#init;
    await guard.requireSound();
    const work = await open();
    const { duration } = job.offers[segment] ?? { duration: 0 };
    const needed = margin * work.expectedSeconds + overhead;
    if (needed > duration) {
      throw new TesseraError('CLAIM_REFUSED', {
        message: `Segment ${segment} is to be proven in ${duration} s, and this machine wants ${Math.ceil(needed)} s for it`,
        remedy: 'Leave it to a faster machine.',
        details: { segment, duration, needed: Math.ceil(needed) },
      });
    }
    options.onProgress?.('executing');
    requireEdges(job, segment, await work.execute(options.signal));
    const early = work.provesFirst ? await this.#proofOf(job, segment, work, options) : undefined;
    if (early !== undefined) requireCallSize(job, segment, early);
    try {
      await market.claim(job, segment, options);
      options.onProgress?.('claimed');
    } catch (error) {
      if (!isOutrun(error)) throw error;
    }
    return early;
  }

  async #proofOf(
    job: ChainJob,
    segment: number,
    work: ClaimedWork,
    { signal, onProgress }: WorkOptions,
  ): Promise<Proof> {
    const { market } = this.#init;
    onProgress?.('proving');
    const proof = await work.prove(market.contextOf(market.idOf(job.terms), segment), signal);
    onProgress?.('proved');
    return proof;
  }

  /** Opens a segment again whose claim was missed; this account's own counts as a failure. */
  async #expire(
    job: ChainJob,
    segment: number,
    { claimant, deadline }: SegmentOnChain,
    options: WorkOptions,
  ): Promise<void> {
    const { market, guard } = this.#init;
    await unlessOutrun(market.end('expire', job, segment, options));
    if (!isAddressEqual(claimant, market.chain.address)) return;
    const error = missed(segment, deadline);
    await guard.failed(this.#claimOf(job, segment), error.message);
    throw error;
  }

  async #prove(
    job: ChainJob,
    segment: number,
    prove: () => Promise<Proof>,
    { deadline }: SegmentOnChain,
    options: WorkOptions,
  ): Promise<void> {
    const { market, proofs, guard, submit = 'hash' } = this.#init;
    const late = async () => (await market.chain.now()) > deadline;
    try {
      const proof = await prove();
      if (await late()) throw missed(segment, deadline);
      if (job.terms.optimistic && submit === 'hash') {
        // On disk first: who submits a hash must be able to show the bytes.
        const digest = await proofs.put(hexToBytes(encodeProofArtifact(proof)));
        await market.submit(job, segment, digest, options);
      } else await market.prove(job, segment, proof, options);
      options.onProgress?.('submitted');
    } catch (error) {
      // What a process that was killed had sent came into a block meanwhile.
      if (isOutrun(error)) return;
      const isFault = !(error instanceof TesseraError && ['ABORTED', 'CHAIN_FAILED'].includes(error.code));
      if (isFault && options.signal?.aborted !== true)
        await guard.failed(
          this.#claimOf(job, segment),
          error instanceof Error ? error.message : String(error),
        );
      throw error;
    }
    await guard.reset();
  }

  async #defend(
    job: ChainJob,
    segment: number,
    { proof }: SegmentOnChain,
    options: WorkOptions,
  ): Promise<void> {
    const { market, proofs, guard } = this.#init;
    const artifact = await proofs.get(proof.slice(2));
    if (artifact === undefined) {
      const message = `The proof of segment ${segment}, ${proof.slice(2)}, is challenged and no longer here`;
      await guard.failed(this.#claimOf(job, segment), message);
      throw new TesseraError('ARTIFACT_MISSING', {
        message,
        remedy:
          'Put its bytes back into the directory `chain/proofs` of the data directory before the defence ends.',
        details: { segment, digest: proof.slice(2) },
      });
    }
    await unlessOutrun(market.defend(job, segment, bytesToHex(artifact), options));
    options.onProgress?.('defended');
  }

  #claimOf({ terms }: ChainJob, segment: number): string {
    return `${this.#init.market.idOf(terms)}/${segment}`;
  }
}

/** Somebody else was faster, or an earlier process of this node: how the segment stands now, the next look says. */
function isOutrun(error: unknown): boolean {
  return error instanceof TesseraError && error.details.error === 'StateWrong';
}

async function unlessOutrun(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isOutrun(error)) throw error;
  }
}

/** The job's root must be over what the segment really gives: else no proof of it would be paid. */
function requireEdges(
  { manifest, commitments }: ChainJob,
  segment: number,
  computed: readonly Uint8Array[],
): void {
  const { inputs, outputs, id } = manifest.graph.segments[segment] ?? {
    inputs: [],
    outputs: [],
    id: `${segment}`,
  };
  for (const [port, { edge, block }] of [...inputs, ...outputs].entries()) {
    const stated = commitments[edge]?.[block];
    const found = computed[port];
    if (stated !== undefined && found !== undefined && equalBytes(stated, found)) continue;
    throw new TesseraError('EDGE_MISMATCH', {
      message: `Segment ${id} gives another value of ${manifest.graph.edges[edge]?.name} than the job was posted with`,
      remedy: 'Leave this job: its requester posted a wrong root, and nobody can be paid for this segment.',
      details: {
        ...{ segment, edge, block },
        committed: sha256Hex(stated ?? new Uint8Array()),
        computed: sha256Hex(found ?? new Uint8Array()),
      },
    });
  }
}

/** @throws TesseraError `CLAIM_REFUSED` for a proof that no transaction could bring to the market */
function requireCallSize(job: ChainJob, segment: number, proof: Proof): void {
  const bytes = proofCallBytes(job, segment, proof);
  if (bytes <= maxCallBytes) return;
  throw new TesseraError('CLAIM_REFUSED', {
    message: `Submitting a proof of segment ${segment} takes a transaction of ${bytes} bytes, and nodes refuse one above ${maxCallBytes}`,
    remedy: 'Leave this segment: nobody can be paid for it.',
    details: { segment, bytes, most: maxCallBytes },
  });
}

function missed(segment: number, deadline: bigint): TesseraError {
  return new TesseraError('DEADLINE_EXCEEDED', {
    message: `The claim of segment ${segment} ended at ${new Date(Number(deadline) * 1000).toISOString()}, before its proof was there`,
    remedy: 'Its bond is lost but for a reward; claim segments with longer deadlines, or fewer at once.',
    details: { segment },
  });
}
