import { type Address, isAddressEqual, zeroAddress } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import type { JobTerms } from '../../protocol/job-ids.ts';
import type { Chain } from './chain-client.ts';
import { readCurrency } from './currency.ts';
import { word } from './job.ts';

/**
 * Requires that a job pays in what its worker takes: a token may be worth nothing, and no program can tell.
 *
 * @param taken the token that is taken; the chain's coin unless given
 * @throws TesseraError `CLAIM_REFUSED`, `CHAIN_FAILED`
 */
export async function requirePay(
  chain: Chain,
  { token }: Pick<JobTerms, 'token'>,
  taken: Address = zeroAddress,
): Promise<void> {
  const paid = word(token);
  if (isAddressEqual(paid, taken)) return;
  const isCoin = isAddressEqual(paid, zeroAddress);
  const { symbol } = await readCurrency(chain, paid);
  const called = isCoin || symbol === undefined ? '' : `, which calls itself ${symbol}`;
  throw new TesseraError('CLAIM_REFUSED', {
    message: isCoin
      ? `The job pays in the chain’s coin, not in token ${taken}`
      : `The job pays in the token ${paid}${called}`,
    remedy: isCoin
      ? 'Leave --token out, if the coin is what you want.'
      : `Claim it by hand with --token ${paid}, if that token is worth something to you.`,
    details: { token: paid },
  });
}
