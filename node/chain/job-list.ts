import pLimit from 'p-limit';
import type { Address } from 'viem';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { JobTerms } from '../../protocol/job-ids.ts';
import { type MarketEvent, readEvents } from './events.ts';
import { bare } from './job.ts';
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

type Posting = Extract<MarketEvent, { eventName: 'JobPosted' }>;

/** Every job that was posted on a market, the oldest first. */
export async function listJobs(market: Market, since: bigint): Promise<ListedJob[]> {
  const jobs: ListedJob[] = [];
  for (const { args } of await readPostings(market, since)) {
    const { job, model, requester, terms, escrow } = args;
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

/**
 * What a job was posted with.
 *
 * @throws TesseraError `USAGE` where the market knows no such job, `CHAIN_FAILED`
 */
export async function termsOf(market: Market, since: bigint, id: Hex32): Promise<JobTerms> {
  const posting = (await readPostings(market, since)).find(({ args }) => args.job === `0x${id}`);
  if (posting !== undefined) return postedTerms(posting.args.terms);
  throw unknownJob(id);
}

function unknownJob(id: Hex32): TesseraError {
  return new TesseraError('USAGE', {
    message: `The market knows no job ${id}.`,
    remedy: '`tessera jobs` lists them.',
  });
}

async function readPostings(market: Market, since: bigint): Promise<Posting[]> {
  const events = await readEvents(market, since, await market.chain.height());
  return events.filter((event) => event.eventName === 'JobPosted');
}

/** Segments that are asked for at once: a stranger's job may have very many. */
const askedAtOnce = 16;

/** How each of a job's segments stands. */
export async function listSegments(market: Market, id: Hex32): Promise<SegmentOnChain[]> {
  const { segments } = await market.job(id);
  const limit = pLimit(askedAtOnce);
  return Promise.all(Array.from({ length: segments }, (_, index) => limit(() => market.segment(id, index))));
}

/**
 * As {@link listSegments}, of a job that somebody names.
 *
 * @throws TesseraError `USAGE` where the market knows no such job, `CHAIN_FAILED`
 */
export async function segmentsOf(market: Market, id: Hex32): Promise<SegmentOnChain[]> {
  const segments = await listSegments(market, id);
  // Every job that is posted has some.
  if (segments.length === 0) throw unknownJob(id);
  return segments;
}

/** A job's terms as its posting tells them. */
export function postedTerms(terms: Posting['args']['terms']): JobTerms {
  const { requester, model, inputDigest, outputDigest, edges, edgeCount, offers, token } = terms;
  return {
    requester: bare(requester),
    nonce: terms.nonce,
    model: bare(model),
    inputDigest: bare(inputDigest),
    outputDigest: bare(outputDigest),
    edges: bare(edges),
    edgeCount: Number(edgeCount),
    offers: bare(offers),
    token: bare(token),
    optimistic: terms.optimistic,
    window: terms.window,
    expiry: terms.expiry,
  };
}
