import type { Command } from 'commander';
import { addChainFlags, address, addTokenFlag, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags {
  token?: `0x${string}`;
  to?: `0x${string}`;
}

/** `tessera withdraw`: takes out what the market owes this account. */
export function withdrawVerb(program: Command, context: Context): void {
  const verb = addChainFlags(
    addVerb(program, {
      usage: 'withdraw',
      description: 'Take out all that the market owes this account.',
      examples: ['tessera withdraw --account 2', 'tessera withdraw --token 0x… --to 0x… --json'],
    }),
  );
  addTokenFlag(verb, 'an ERC-20 instead of the chain’s coin')
    .option('--to <address>', 'who gets it; by default the account itself', address)
    .action(async (flags: Flags) => {
      const { withMarket } = await import('../chain.ts');
      const { coin, readCurrency, showAmount } = await import('../../chain/currency.ts');
      const report = await withMarket(context, flags, 1, async ({ market, chain }) => {
        const { token = coin.token } = flags;
        const to = flags.to ?? chain.address;
        const currency = await readCurrency(chain, token);
        const amount = await market.owed(chain.address, token);
        const { transactionHash } = await market.withdraw(token, to, { signal: context.signal });
        return { amount, token, currency, to, transaction: transactionHash };
      });
      context.output.result(report, `${showAmount(report.currency, report.amount)} went to ${report.to}.`);
    });
}
