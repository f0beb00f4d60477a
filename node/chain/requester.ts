import { randomBytes } from 'node:crypto';
import type { Hex32 } from '../../protocol/edge.ts';
import type { JobOffer } from '../../protocol/job-ids.ts';
import type { RunOptions } from '../progress.ts';
import { draftJobCertificate, type Job, type JobModules, type JobRequest } from '../requester/job.ts';
import type { DeployedMarket } from './deployment.ts';
import type { JsonFile } from './file-store.ts';
import { type ChainJob, coinToken, makeJob } from './job.ts';
import { saveJobRecord } from './job-record.ts';
import { commitEdges } from './local-work.ts';
import type { Market } from './market.ts';
import { type RegistrationReport, registerModel } from './model-registration.ts';

/** What a requester pays and asks for, in every segment alike. */
export interface JobPrices extends JobOffer {
  /** ERC-20 that rewards are paid in, as 20 bytes in hexadecimal without prefix; the chain's coin unless given. */
  token?: string;
  optimistic: boolean;
  /** Seconds in which a submission can be challenged; 0 where every proof is verified. */
  window: bigint;
  /** Seconds in which segments can be claimed. */
  lifetime: bigint;
}

export interface PostInit {
  prepared: Job;
  prices: JobPrices;
  modules: Pick<JobModules, 'provers' | 'verifiers'>;
  market: Market;
  deployed: DeployedMarket;
  /** How the job was made, and where that is kept by its id, for whoever works on it by these files. */
  record?: { request: Omit<JobRequest, 'limits'>; fileOf: (id: Hex32) => JsonFile };
  /** Puts the job where peers can fetch it, and gives the nonce that leads to it; a random one unless given. */
  publish?: (job: Pick<ChainJob, 'manifest' | 'commitments' | 'offers'>) => Promise<bigint>;
}

export interface PostReport {
  id: Hex32;
  job: ChainJob;
  registration: RegistrationReport;
  /** The block before which nothing of the job is on the chain. */
  since: bigint;
}

/**
 * Registers a prepared job's model, where it is not, and posts the job with escrow for every segment. Its record is on
 * disk before the transaction is sent.
 *
 * @throws TesseraError as registering and posting do
 */
export async function postJob(init: PostInit, { signal }: RunOptions = {}): Promise<PostReport> {
  const { prepared, prices, modules, market, deployed, record } = init;
  const running = signal ? { signal } : {};
  const draft = await draftJobCertificate(prepared, modules, running);
  const commitments = await commitEdges(prepared, modules, signal);
  const registration = await registerModel(draft, market.chain, deployed, running);
  const { reward, bond, duration, optimistic, window, lifetime, token = coinToken } = prices;
  const { manifest } = draft;
  const offers = manifest.graph.segments.map(() => ({ reward, bond, duration }));
  const nonce = (await init.publish?.({ manifest, commitments, offers })) ?? randomNonce();
  const since = await market.chain.client.getBlockNumber({ cacheTime: 0 });
  const job = makeJob(manifest, commitments, {
    requester: market.chain.address.slice(2).toLowerCase(),
    nonce,
    offers,
    token,
    optimistic,
    window,
    expiry: (await market.chain.now()) + lifetime,
  });
  const id = market.idOf(job.terms);
  if (record !== undefined) {
    const { request, fileOf } = record;
    await saveJobRecord(fileOf(id), { job, request, blindings: prepared.blindings });
  }
  await market.post(job, reward * BigInt(job.offers.length), running);
  return { id, job, registration, since };
}

const randomNonce = () => BigInt(`0x${randomBytes(16).toString('hex')}`);
