import { isAddressEqual } from 'viem';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { Logger } from '../../peer/log.ts';
import type { AvailableSegment } from '../../worker/segment-work.ts';
import type { ClaimGuard } from '../claim-guard.ts';
import type { ProofArtifacts } from '../file-store.ts';
import { word } from '../job.ts';
import type { Market, SegmentOnChain } from '../market.ts';
import { MarketWorker, type MarketWorkerInit, type WorkStep } from '../market-worker.ts';
import { mismatchIn } from '../mismatch.ts';
import { requirePay } from '../pay.ts';
import { watchSegment } from '../watcher.ts';
import type { FetchedWork } from './fetched-work.ts';
import type { FollowedJob } from './followed-job.ts';
import { fetchMarketJob, type MarketJob, marketHold } from './market-job.ts';
import type { MismatchBoard } from './mismatch-board.ts';
import { proofHold } from './served-proofs.ts';
import { isUnavailable } from './unavailable.ts';

export interface ClaimingInit {
  /** Gets a segment ready. */
  open: (segment: AvailableSegment, signal: AbortSignal) => Promise<FetchedWork>;
  /** Segments worked on at once. */
  parallel: number;
  /** The least reward for a million units of the cost model, in the chain's smallest unit. */
  price: bigint;
  submit?: MarketWorkerInit['submit'];
}

export interface SegmentTasksInit {
  market: Market;
  /** What it claims; nothing where it is left out. */
  claiming?: ClaimingInit;
  /** Seconds for which bytes may be missing before that is challenged: a fault of this node's own line costs a bond. */
  patience: number;
}

export interface SegmentTasksComponents {
  artifacts: Pick<ArtifactAccess, 'fetchBytes' | 'release'>;
  /** This node's proofs, which peers can fetch, and theirs. */
  proofs: ProofArtifacts;
  guard: ClaimGuard;
  mismatches: Pick<MismatchBoard, 'found'>;
  /** How many peers it is connected to. */
  peers: () => number;
  log: Logger;
}

/** Errors that say that this node will never be able to take a segment. */
const hopeless: readonly string[] = [
  'CLAIM_REFUSED',
  'JOB_MISMATCH',
  'EDGE_MISMATCH',
  'PROVER_MISSING',
  'PROVER_FAILED',
  'UNPROVABLE',
  'MEMORY_EXCEEDED',
  'ENCODING_INVALID',
  'MODEL_INVALID',
  'MODEL_UNREADABLE',
];

/** What a node does about one segment of a job that it follows. */
export class SegmentTasks {
  readonly #init: SegmentTasksInit;
  readonly #components: SegmentTasksComponents;
  readonly #signal: AbortSignal;
  readonly #worker: MarketWorker;

  /** @param signal ends what is under way */
  constructor(init: SegmentTasksInit, components: SegmentTasksComponents, signal: AbortSignal) {
    this.#init = init;
    this.#components = components;
    this.#signal = signal;
    const { market, claiming } = init;
    const { proofs, guard } = components;
    const submit = claiming?.submit;
    this.#worker = new MarketWorker({ market, proofs, guard, ...(submit === undefined ? {} : { submit }) });
  }

  /** Claims a segment, unless it was refused, or the job could not be had a moment ago; goes on as {@link work}. */
  async claim(id: Hex32, followed: FollowedJob, index: number): Promise<void> {
    // What was found out while this one waited for its turn.
    if (followed.search.seconds > 0 || followed.refused.has(index)) return;
    await this.work(id, followed, index);
  }

  /** Takes a segment as far as it goes now. What keeps this node from it is said, and remembered. */
  async work(id: Hex32, followed: FollowedJob, index: number): Promise<void> {
    const { log, mismatches } = this.#components;
    const about = { job: id, segment: index };
    try {
      await requirePay(this.#init.market.chain, followed.terms);
      const { job, segments } = await this.#content(followed);
      const { state } = await this.#worker.work(job, index, () => this.#open(followed, segments[index]), {
        signal: this.#signal,
        onProgress: (step: WorkStep) => log.info(about, `segment: ${step}`),
      });
      followed.search.succeeded();
      log.debug({ ...about, state }, 'a segment of the market was left');
    } catch (error) {
      if (this.#signal.aborted) return;
      if (!(error instanceof TesseraError)) throw error;
      if (isUnavailable(error)) followed.search.failed();
      const isBarred = error.details.error === 'Barred';
      if (hopeless.includes(error.code) || isBarred) followed.refused.add(index);
      const mismatch = mismatchIn(error);
      if (mismatch !== undefined) await mismatches.found(id, mismatch);
      const said = { ...about, code: error.code, remedy: error.remedy };
      if (error.code === 'CHAIN_REFUSED') log.warn(said, error.message);
      else log.info(said, `segment not taken: ${error.message}`);
    }
  }

  /** Judges what somebody else submitted, and challenges what fails. */
  async check(id: Hex32, followed: FollowedJob, index: number, segment: SegmentOnChain): Promise<void> {
    const { market, patience } = this.#init;
    const { proofs, peers, log } = this.#components;
    const { judged, missingSince, search } = followed;
    const about = { job: id, segment: index, claimant: segment.claimant };
    if (search.seconds > 0) return;
    const content = await this.#content(followed).catch((error: unknown) => {
      if (!(error instanceof TesseraError)) throw error;
      search.failed();
      log.info({ ...about, code: error.code }, `a submission cannot be checked: ${error.message}`);
      return undefined;
    });
    if (content === undefined) return;
    const since = missingSince.get(segment.proof) ?? performance.now();
    // Without peers nothing can be had, whoever submitted it.
    const challengeMissing = performance.now() - since >= 1_000 * patience && peers() > 0;
    const judgement = await watchSegment(market, content.job, index, proofs, {
      signal: this.#signal,
      challengeMissing,
    });
    if (judgement === undefined) return;
    if (judgement.verdict === 'holds') judged.add(segment.proof);
    else if (judgement.verdict === 'missing' && !challengeMissing) missingSince.set(segment.proof, since);
    else log.warn({ ...about, why: judgement.reason }, 'a submission was challenged');
    log.debug({ ...about, ...judgement }, 'a submission was checked');
  }

  /** A challenge that nobody answered returns its bond. */
  async reject(id: Hex32, { terms }: FollowedJob, index: number): Promise<void> {
    await this.#init.market.end('reject', { terms }, index, { signal: this.#signal });
    this.#components.log.info({ job: id, segment: index }, 'an unanswered challenge was ended');
  }

  /** What is verified or settled need not be shown any more. */
  async release(proof: string): Promise<void> {
    await this.#components.artifacts.release(proofHold(proof.slice(2)));
  }

  /** Lets go of what a job is made of, where this account posted it: what others' jobs name is not theirs to release. */
  async releaseContent({ terms, content }: FollowedJob): Promise<void> {
    const { artifacts } = this.#components;
    if (!isAddressEqual(word(terms.requester), this.#init.market.chain.address)) return;
    const fetched = await content?.catch(() => undefined);
    if (fetched !== undefined) await artifacts.release(marketHold(fetched.salt));
  }

  #content(job: FollowedJob): Promise<MarketJob> {
    const { market } = this.#init;
    job.content ??= fetchMarketJob(job.terms, market.place, this.#components.artifacts, this.#signal).catch(
      (error: unknown) => {
        // What its terms lead to stays what it is: only what could not be had is asked for again.
        if (!(error instanceof TesseraError && hopeless.includes(error.code))) delete job.content;
        throw error;
      },
    );
    return job.content;
  }

  async #open(followed: FollowedJob, segment: AvailableSegment | undefined): Promise<FetchedWork> {
    const { claiming } = this.#init;
    if (claiming === undefined || segment === undefined) {
      throw new TesseraError('PROVER_MISSING', { message: 'This node proves nothing for others' });
    }
    const { job } = await this.#content(followed);
    const { reward } = job.offers[segment.assignment.segment] ?? { reward: 0n };
    const work = await claiming.open(segment, this.#signal);
    const least = (claiming.price * BigInt(work.units)) / 1_000_000n;
    if (reward >= least) return work;
    await work.close();
    throw new TesseraError('CLAIM_REFUSED', {
      message: `It pays ${reward}, and this node wants ${least} for it`,
      remedy: 'Ask for less (--worker-price), or leave it to others.',
    });
  }
}
