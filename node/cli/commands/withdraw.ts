import type { Command } from 'commander';
import { addChainFlags, address, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

const coin: `0x${string}` = `0x${'0'.repeat(40)}`;

interface Flags extends ChainFlags {
  token: `0x${string}`;
  to?: `0x${string}`;
}

/** `tessera withdraw`: takes out what the market owes this account. */
export function withdrawVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'withdraw',
      description: 'Take out all that the market owes this account.',
      examples: ['tessera withdraw --account 2', 'tessera withdraw --to 0x… --json'],
    }),
  )
    .option('--token <address>', 'an ERC-20 instead of the chain’s coin', address, coin)
    .option('--to <address>', 'who gets it; by default the account itself', address)
    .action(async (flags: Flags) => {
      const { showCoins, withMarket } = await import('../chain.ts');
      const report = await withMarket(context, flags, 1, async ({ market, chain }) => {
        const to = flags.to ?? chain.address;
        const amount = await market.owed(chain.address, flags.token);
        const { transactionHash } = await market.withdraw(flags.token, to, { signal: context.signal });
        return { amount, token: flags.token, to, transaction: transactionHash };
      });
      const shown = flags.token === coin ? showCoins(report.amount) : `${report.amount} of ${report.token}`;
      context.output.result(report, `${shown} went to ${report.to}.`);
    });
}
