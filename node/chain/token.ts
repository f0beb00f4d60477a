import type { Address } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { tokenAbi } from './abi.ts';
import type { Chain } from './chain-client.ts';
import type { SendOptions } from './sender.ts';

/**
 * Lets a contract take an amount of an ERC-20 from this account, and no more than that.
 *
 * @param amount in the token's smallest unit
 * @throws TesseraError `CHAIN_REFUSED` when the account has not so much, or the token does not allow it; `CHAIN_FAILED`
 *   when it is no token
 */
export async function allowToken(
  chain: Chain,
  token: Address,
  spender: Address,
  amount: bigint,
  options: SendOptions = {},
): Promise<void> {
  const contract = { address: token, abi: tokenAbi } as const;
  const owner = chain.address;
  const balance = await chain.read({ ...contract, functionName: 'balanceOf', args: [owner] });
  if (balance < amount) {
    throw refused(
      token,
      `${owner} has ${balance} of token ${token}, and ${amount} is needed`,
      'Get more of it, or pay less, or in another token or the chain’s coin.',
    );
  }
  const allowed = () => chain.read({ ...contract, functionName: 'allowance', args: [owner, spender] });
  const approve = (value: bigint) => {
    const action = `Allowing the market ${value} of token ${token}`;
    const args = [spender, value] as const;
    return chain.write({ ...contract, functionName: 'approve', args, action }, options);
  };
  const before = await allowed();
  if (before >= amount) return;
  // Some tokens change an allowance only by way of zero, against a spender that would take both.
  if (before > 0n) await approve(0n);
  await approve(amount);
  const now = await allowed();
  if (now >= amount) return;
  throw refused(
    token,
    `The token ${token} allows the market ${now} after it was told to allow ${amount}`,
    'Do not use this token.',
  );
}

function refused(token: Address, message: string, remedy: string): TesseraError {
  return new TesseraError('CHAIN_REFUSED', { message, remedy, details: { error: null, token } });
}
