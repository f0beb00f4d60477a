import { type Address, parseEventLogs, type TransactionReceipt } from 'viem';
import type { Hex32 } from '../../protocol/edge.ts';
import type { JobTerms } from '../../protocol/job-ids.ts';
import { marketAbi } from './abi.ts';
import { word } from './job.ts';
import { listSegments } from './job-list.ts';
import type { Market } from './market.ts';
import type { SendOptions } from './sender.ts';

export interface CloseReport {
  job: Hex32;
  requester: Address;
  /** Zero for the chain's coin; amounts are of it. */
  token: Address;
  /** Whether it was closed before. */
  known: boolean;
  /** Escrow that closing freed now. */
  refund: bigint;
  /** Segments whose missed claims or unanswered challenges were ended, which frees their rewards too. */
  ended: readonly number[];
  /** Segments with work under way, which is paid, or frees its reward when it fails. */
  standing: readonly number[];
  /** All that the requester can withdraw of the token. */
  owed: bigint;
}

/**
 * Closes a job, so that nobody claims it any more, and ends what has missed its deadline in it. A second call ends what
 * has missed its deadline since.
 *
 * @throws TesseraError `CHAIN_REFUSED` for another account than the requester's before the job's expiry, `CHAIN_FAILED`
 */
export async function closeJob(
  market: Market,
  terms: JobTerms,
  options: SendOptions = {},
): Promise<CloseReport> {
  const job = market.idOf(terms);
  const known = (await market.job(job)).closed;
  const refund = known ? 0n : refundIn(await market.close({ terms }, options));
  const now = await market.chain.now();
  const ended: number[] = [];
  const standing: number[] = [];
  for (const [segment, { state, deadline }] of (await listSegments(market, job)).entries()) {
    const how = state === 'claimed' ? 'expire' : state === 'challenged' ? 'reject' : undefined;
    if (how !== undefined && deadline < now) {
      await market.end(how, { terms }, segment, options);
      ended.push(segment);
    } else if (how !== undefined || state === 'submitted') standing.push(segment);
  }
  const [requester, token] = [word(terms.requester), word(terms.token)];
  const owed = await market.owed(requester, token);
  return { job, requester, token, known, refund, ended, standing, owed };
}

function refundIn({ logs }: TransactionReceipt): bigint {
  const [closed] = parseEventLogs({ abi: marketAbi, eventName: 'JobClosed', logs });
  return closed?.args.refund ?? 0n;
}
