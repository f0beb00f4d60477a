import { randomBytes } from 'node:crypto';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { RunOptions } from '../progress.ts';
import { commitEdges } from '../requester/commit-edges.ts';
import { draftJobCertificate, type Job, type JobModules, type JobRequest } from '../requester/job.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { ChainDirectory } from './chain-directory.ts';
import type { DeployedMarket } from './deployment.ts';
import type { JsonFile } from './file-store.ts';
import { bare, type ChainJob, coinToken, makeJob } from './job.ts';
import { loadPostedJobRecord, savePostedJobRecord } from './job-record.ts';
import type { Market } from './market.ts';
import { type RegistrationReport, registerModel } from './model-registration.ts';
import {
  type JobPrices,
  loadPosting,
  orderDigest,
  type Posting,
  postingState,
  savePosting,
} from './posting.ts';
import type { TransactionCost } from './transaction-cost.ts';

export interface PostInit {
  prepared: Job;
  prices: JobPrices;
  modules: Pick<JobModules, 'provers' | 'verifiers'>;
  market: Market;
  deployed: DeployedMarket;
  /**
   * How the job was made, and where that is kept: for whoever works on it by these files, and for another run that goes
   * on with what this one leaves unfinished.
   */
  record?: { request: Omit<JobRequest, 'limits'>; files: Pick<ChainDirectory, 'job' | 'posting'> };
  /** Puts the job where peers can fetch it, and gives the nonce that leads to it; the salt is one unless given. */
  publish?: (job: JobContent, salt: Hex32) => Promise<bigint>;
  /** Is told, before the job is posted, what its transactions are expected to cost. */
  onCosts?: (costs: readonly TransactionCost[]) => void;
}

/** What a job is about, before anybody has posted it. */
export type JobContent = Pick<ChainJob, 'manifest' | 'commitments' | 'offers'>;

export interface PostReport {
  id: Hex32;
  job: ChainJob;
  /** What it was published with. */
  salt: Hex32;
  /** Whether an earlier run had posted it. */
  resumed: boolean;
  registration: RegistrationReport;
  /** The block before which nothing of the job is on the chain. */
  since: bigint;
  /** What posting was expected to cost; nothing where an earlier run paid it. */
  costs: readonly TransactionCost[];
  /** Is done with it: who asks for the same from now on wants another job. */
  forget(): Promise<void>;
}

/**
 * A prepared job as an earlier run was to post the very same, where that one is not done with: under its blinding values,
 * for all that is proven and committed to must be of these.
 */
export async function recallJob(
  init: Pick<PostInit, 'prepared' | 'prices' | 'modules' | 'market' | 'record'>,
  manifest: ChainJob['manifest'],
  { signal }: RunOptions = {},
): Promise<Job> {
  const { prepared, record } = init;
  if (prepared.blindings.size === 0 || record === undefined) return prepared;
  const posting = await postingOf(init, { manifest, commitments: [] }, record.files, signal);
  const earlier = await loadPosting(posting);
  const recorded = earlier && (await loadPostedJobRecord(record.files.job(earlier.job)));
  return recorded === undefined ? prepared : { ...prepared, blindings: recorded.blindings };
}

async function commitmentsOf(
  job: Job,
  { provers, verifiers }: PostInit['modules'],
  signal: AbortSignal | undefined,
): Promise<Uint8Array[][]> {
  const running = signal ? { signal } : {};
  const srs = await srsFiles(job.plans, provers, { memoryLimit: job.limits.memory, ...running });
  return commitEdges(job, verifiers, srs, running);
}

/** Where is kept that this order is not done with. @param content whose commitments count where nothing is blinded */
async function postingOf(
  { prepared, prices, modules, market }: Pick<PostInit, 'prepared' | 'prices' | 'modules' | 'market'>,
  { manifest, commitments }: Pick<JobContent, 'manifest' | 'commitments'>,
  files: Pick<ChainDirectory, 'posting'>,
  signal: AbortSignal | undefined,
): Promise<JsonFile> {
  const blindings = new Map([...prepared.blindings.keys()].map((name) => [name, 0n]));
  const unblinded =
    blindings.size === 0 ? commitments : await commitmentsOf({ ...prepared, blindings }, modules, signal);
  return files.posting(orderDigest(market, { content: { manifest, commitments: unblinded }, prices }));
}

/**
 * Registers a prepared job's model, where it is not, and posts the job with escrow for every segment. Its record is on
 * disk before the transaction is sent: where an earlier run was to post the very same and was killed, its job is gone on
 * with, and posted only if it was not. What can be claimed no more is closed, which refunds its escrow, and posted anew.
 *
 * @throws TesseraError as registering and posting do
 */
export async function postJob(init: PostInit, { signal }: RunOptions = {}): Promise<PostReport> {
  const { prepared, prices, modules, market, deployed, record } = init;
  const running = signal ? { signal } : {};
  const draft = await draftJobCertificate(prepared, modules, running);
  const commitments = await commitmentsOf(prepared, modules, signal);
  const registration = await registerModel(draft, market.chain, deployed, running);
  const { reward, bond, duration } = prices;
  const { manifest } = draft;
  const offers = manifest.graph.segments.map(() => ({ reward, bond, duration }));
  const content = { manifest, commitments, offers };
  const posting = record && (await postingOf(init, content, record.files, signal));
  const report = { registration, forget: async () => posting?.remove() };
  const earlier = posting === undefined ? undefined : await loadPosting(posting);
  const resumed = earlier === undefined ? undefined : await resume(init, content, earlier, running);
  if (resumed !== undefined) {
    return { ...report, ...resumed, resumed: true, costs: [] };
  }

  const salt = randomBytes(32).toString('hex');
  const nonce = (await init.publish?.(content, salt)) ?? BigInt(`0x${salt}`);
  const since = await market.chain.height();
  const { optimistic, window, lifetime, token = coinToken } = prices;
  const job = makeJob(manifest, commitments, {
    requester: bare(market.chain.address),
    ...{ nonce, offers, token, optimistic, window },
    expiry: (await market.chain.now()) + lifetime,
  });
  const id = market.idOf(job.terms);
  if (record !== undefined && posting !== undefined) {
    const { request, files } = record;
    await savePostedJobRecord(files.job(id), { job, request, blindings: prepared.blindings });
    await savePosting(posting, { job: id, salt, since });
  }
  const costs = await market.postingCosts(job, escrowOf(job));
  init.onCosts?.(costs);
  await market.post(job, escrowOf(job), running);
  return { ...report, id, job, salt, since, costs, resumed: false };
}

/** @returns nothing when the job that an earlier run was to post must be posted anew */
async function resume(
  { market, record, publish }: PostInit,
  content: JobContent,
  { job: id, salt, since }: Posting,
  running: { signal?: AbortSignal },
): Promise<Pick<PostReport, 'id' | 'job' | 'salt' | 'since'> | undefined> {
  const job = record === undefined ? undefined : (await loadPostedJobRecord(record.files.job(id)))?.job;
  if (job === undefined) return undefined;
  const state = await postingState(market, id, job);
  if (state === 'ended') {
    if (!(await market.job(id)).closed) await market.close(job, running);
    return undefined;
  }
  await publish?.(content, salt);
  if (state === 'absent') {
    try {
      await market.post(job, escrowOf(job), running);
    } catch (error) {
      const refusal = error instanceof TesseraError ? error.details.error : undefined;
      // Nobody posted it, and it has expired meanwhile.
      if (refusal === 'ExpiryOutOfRange') return undefined;
      // What the earlier run had sent came into a block meanwhile.
      if (refusal !== 'JobExists') throw error;
    }
  }
  return { id, job, salt, since };
}

const escrowOf = ({ offers }: ChainJob) => offers.reduce((sum, { reward }) => sum + reward, 0n);
