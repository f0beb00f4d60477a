import type { Address } from 'viem';
import { TesseraError } from '../../protocol/errors.ts';
import { tokenAbi } from './abi.ts';
import type { Chain, WriteRequest } from './chain-client.ts';
import { readCurrency, showAmount } from './currency.ts';

type Approval = WriteRequest<typeof tokenAbi, 'approve'>;

/** An amount of an ERC-20 that a contract is to take from this account. */
export interface Allowance {
  token: Address;
  spender: Address;
  /** In the token's smallest unit. */
  amount: bigint;
}

/**
 * The calls by which a contract may take an amount, and no more than that; none where it may already.
 *
 * @throws TesseraError `CHAIN_REFUSED` when the account has not so much, `CHAIN_FAILED` when it is no token
 */
export async function approvalsFor(chain: Chain, { token, spender, amount }: Allowance): Promise<Approval[]> {
  const contract = { address: token, abi: tokenAbi } as const;
  const owner = chain.address;
  const balance = await chain.read({ ...contract, functionName: 'balanceOf', args: [owner] });
  const currency = await readCurrency(chain, token);
  if (balance < amount) {
    throw refused(
      token,
      `${owner} has ${showAmount(currency, balance)}, and ${showAmount(currency, amount)} is needed`,
      'Get more of it, or pay less, or in another token or the chain’s coin.',
    );
  }
  const approve = (value: bigint): Approval => ({
    ...contract,
    functionName: 'approve',
    args: [spender, value],
    action: `Allowing the market ${showAmount(currency, value)}`,
  });
  const before = await allowed(chain, { token, spender });
  if (before >= amount) return [];
  // Some tokens change an allowance only by way of zero, against a spender that would take both.
  return before > 0n ? [approve(0n), approve(amount)] : [approve(amount)];
}

/** @throws TesseraError `CHAIN_REFUSED` when the token does not do what it was told to */
export async function requireAllowed(chain: Chain, { token, spender, amount }: Allowance): Promise<void> {
  const now = await allowed(chain, { token, spender });
  if (now >= amount) return;
  throw refused(
    token,
    `The token ${token} allows the market ${now} after it was told to allow ${amount}`,
    'Do not use this token.',
  );
}

function allowed(chain: Chain, { token, spender }: Omit<Allowance, 'amount'>): Promise<bigint> {
  const args = [chain.address, spender] as const;
  return chain.read({ address: token, abi: tokenAbi, functionName: 'allowance', args });
}

function refused(token: Address, message: string, remedy: string): TesseraError {
  return new TesseraError('CHAIN_REFUSED', { message, remedy, details: { error: null, token } });
}
