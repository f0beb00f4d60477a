import { isAddressEqual } from 'viem';
import type { Hex32 } from '../../protocol/edge.ts';
import type { JobTerms } from '../../protocol/job-ids.ts';
import { listSegments } from './job-list.ts';
import type { Market } from './market.ts';
import type { SendOptions } from './sender.ts';

export interface AbandonReport {
  job: Hex32;
  /** Segments that are open again, for others. */
  abandoned: readonly number[];
}

/**
 * Gives up what this account has claimed of a job and may still submit: a quarter of each bond is burned, the rest is free
 * again, and anybody else can claim. A missed claim stays what it is.
 *
 * @param only the one segment; all unless given
 * @throws TesseraError `CHAIN_REFUSED`, `CHAIN_FAILED`
 */
export async function abandonClaims(
  market: Market,
  terms: JobTerms,
  only?: number,
  options: SendOptions = {},
): Promise<AbandonReport> {
  const job = market.idOf(terms);
  const now = await market.chain.now();
  const abandoned: number[] = [];
  for (const [segment, { state, claimant, deadline }] of (await listSegments(market, job)).entries()) {
    if (only !== undefined && segment !== only) continue;
    if (state !== 'claimed' || deadline < now || !isAddressEqual(claimant, market.chain.address)) continue;
    await market.end('abandon', { terms }, segment, options);
    abandoned.push(segment);
  }
  return { job, abandoned };
}
