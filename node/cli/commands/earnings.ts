import type { Command } from 'commander';
import type { Address } from 'viem';
import type { Currency } from '../../chain/currency.ts';
import { addChainFlags, addTokenFlag, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags {
  token?: `0x${string}`;
}

/** `tessera earnings`: what this account earned, risks and lost. */
export function earningsVerb(program: Command, context: Context): void {
  const verb = addChainFlags(
    addVerb(program, {
      usage: 'earnings',
      description: 'Show what this account earned on a market, what it has staked, and what it lost.',
      examples: ['tessera earnings --account 2', 'tessera earnings --token 0x… --json'],
    }),
  );
  addTokenFlag(verb, 'only what is paid in this ERC-20').action(async (flags: Flags) => {
    const { showCoins, withMarket } = await import('../chain.ts');
    const { earningsOf } = await import('../../chain/earnings.ts');
    const { readCurrencies, showAmount } = await import('../../chain/currency.ts');
    const { earned, currencies } = await withMarket(
      context,
      flags,
      1,
      async ({ market, chain, deployed }) => {
        const found = await earningsOf(market, chain.address, deployed.since, flags.token);
        const tokens = Object.keys(found.credited) as Address[];
        const currencyOf = await readCurrencies(chain, tokens);
        return { earned: found, currencies: tokens.map(currencyOf) };
      },
    );
    const { stake, segments } = earned;
    const show = (currency: Currency, amounts: Record<Address, bigint>) =>
      showAmount(currency, amounts[currency.token] ?? 0n);
    context.output.result(
      { ...earned, currencies },
      [
        `account ${earned.account}`,
        `segments: ${segments.verified} verified, ${segments.settled} settled unchallenged, ${segments.failed} failed`,
        ...currencies.map(
          (currency) =>
            `credited ${show(currency, earned.credited)}, withdrawn ${show(currency, earned.withdrawn)}, owed ${show(currency, earned.owed)}`,
        ),
        `stake ${showCoins(stake.amount)}, of it bonded ${showCoins(stake.locked)}; burned ${showCoins(earned.burned)}`,
      ].join('\n'),
    );
  });
}
