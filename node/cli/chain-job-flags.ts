import type { Command } from 'commander';
import { addChainFlags, addTokenFlag, amount, type ChainFlags, coins, whole } from './chain-flags.ts';

/** What `prove` is told of a job on a chain. */
export interface ChainJobFlags extends ChainFlags {
  chain?: boolean;
  token?: `0x${string}`;
  /** Of the token, or the chain's coin. */
  reward?: string;
  bond?: bigint;
  deadline?: number;
  expires?: number;
  optimistic?: boolean;
  window?: number;
}

/** Adds them; all but `--chain` count only with it. */
export function addChainJobFlags(command: Command): Command {
  command
    .option(
      '--chain',
      'also post the job on a chain; on the embedded one, two of its accounts claim and prove it',
    )
    .option(
      '--reward <amount>',
      'paid for each segment, in the chain’s coin or the --token (default: 0.01 coins)',
      amount,
    )
    .option('--bond <amount>', 'coins staked on each segment by who claims it (default: 0.02)', coins)
    .option('--deadline <seconds>', 'from a claim to its proof (default: 3600)', whole)
    .option('--expires <seconds>', 'how long segments can be claimed (default: 86400)', whole)
    .option('--optimistic', 'take a proof’s hash, which can be challenged, instead of verifying every proof')
    .option('--window <seconds>', 'in which it can be challenged (default: 3600)', whole);
  addTokenFlag(command, 'an ERC-20 that rewards are paid in, instead of the chain’s coin');
  return addChainFlags(command);
}
