import type { Address } from 'viem';
import type { Hex32 } from '../../protocol/edge.ts';
import { readEvents } from './events.ts';
import type { JobOnChain, Market, SegmentOnChain } from './market.ts';

/** A job as the chain alone shows it. */
export interface ListedJob extends JobOnChain {
  id: Hex32;
  model: Hex32;
  requester: Address;
  optimistic: boolean;
  /** Seconds since 1970. */
  expiry: bigint;
  escrow: bigint;
  /** Zero for the chain's coin. */
  token: Address;
}

/** Every job that was posted on a market, the oldest first. */
export async function listJobs(market: Market, since: bigint): Promise<ListedJob[]> {
  const head = await market.chain.client.getBlockNumber({ cacheTime: 0 });
  const jobs: ListedJob[] = [];
  for (const event of await readEvents(market, since, head)) {
    if (event.eventName !== 'JobPosted') continue;
    const { job, model, requester, terms, escrow } = event.args;
    const id = job.slice(2);
    const { optimistic, expiry, token } = terms;
    jobs.push({
      id,
      model: model.slice(2),
      requester,
      optimistic,
      expiry,
      escrow,
      token,
      ...(await market.job(id)),
    });
  }
  return jobs;
}

/** How each of a job's segments stands. */
export async function listSegments(market: Market, id: Hex32): Promise<SegmentOnChain[]> {
  const { segments } = await market.job(id);
  return Promise.all(Array.from({ length: segments }, (_, index) => market.segment(id, index)));
}
