import type { Address } from 'viem';
import { marketAbi } from './abi.ts';
import type { Chain } from './chain-client.ts';
import { type ChainJob, coinToken, edgeOpenings, termsArgument, word } from './job.ts';
import { approvalsFor } from './token.ts';

/**
 * The calls by which a job is posted: of a token the market is allowed as much as it takes, before.
 *
 * @param escrow in the job's token
 * @throws TesseraError as {@link approvalsFor}
 */
export async function postingCalls(chain: Chain, market: Address, job: ChainJob, escrow: bigint) {
  const { terms } = job;
  const args = [
    termsArgument(terms),
    escrow,
    edgeOpenings(job, 'inputs'),
    edgeOpenings(job, 'outputs'),
  ] as const;
  const isCoin = terms.token === coinToken;
  const posting = {
    address: market,
    abi: marketAbi,
    functionName: 'post',
    args,
    value: isCoin ? escrow : 0n,
    action: 'Posting the job',
  } as const;
  const allowance = { token: word(terms.token), spender: market, amount: escrow };
  const approvals = isCoin ? [] : await approvalsFor(chain, allowance);
  return { approvals, posting, allowance };
}
