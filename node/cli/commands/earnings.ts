import type { Command } from 'commander';
import { addChainFlags, type ChainFlags } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera earnings`: what this account earned, risks and lost. */
export function earningsVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'earnings',
      description: 'Show what this account earned on a market, what it has staked, and what it lost.',
      examples: ['tessera earnings --account 2', 'tessera earnings --json'],
    }),
  ).action(async (flags: ChainFlags) => {
    const { showCoins, withMarket } = await import('../chain.ts');
    const { earningsOf } = await import('../../chain/earnings.ts');
    const earned = await withMarket(context, flags, 1, ({ market, chain, deployed }) =>
      earningsOf(market, chain.address, deployed.since),
    );
    const { stake, segments } = earned;
    const tokens = Object.keys(earned.credited) as (keyof typeof earned.credited)[];
    const show = (token: string, amount: bigint) =>
      /^0x0+$/.test(token) ? showCoins(amount) : `${amount} of token ${token}`;
    context.output.result(
      earned,
      [
        `account ${earned.account}`,
        `segments: ${segments.verified} verified, ${segments.settled} settled unchallenged, ${segments.failed} failed`,
        ...tokens.map(
          (token) =>
            `credited ${show(token, earned.credited[token] ?? 0n)}, withdrawn ${show(token, earned.withdrawn[token] ?? 0n)}, owed ${show(token, earned.owed[token] ?? 0n)}`,
        ),
        `stake ${showCoins(stake.amount)}, of it bonded ${showCoins(stake.locked)}; burned ${showCoins(earned.burned)}`,
      ].join('\n'),
    );
  });
}
