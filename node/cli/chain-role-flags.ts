import { type Command, Option } from 'commander';
import { addChainFlags, type ChainFlags, coins, whole } from './chain-flags.ts';

/** What a node is told of a market that it takes part in. */
export interface ChainRoleFlags extends ChainFlags {
  chain?: boolean;
  claim?: boolean;
  stake?: bigint;
  register?: boolean;
  submit?: 'hash' | 'proof';
  watch?: readonly string[];
  watchPatience?: number;
}

/** Adds them; all but `--chain` count only with it. */
export function addChainRoleFlags(command: Command): Command {
  command
    .option('--chain', 'also take part in a market on a chain: claim segments, prove them, watch others')
    .option('--no-claim', 'claim nothing, only watch')
    .option('--stake <amount>', 'have at least this much of the chain’s coin staked, for bonds', coins)
    .option('--register', 'keep this node’s peer id and what it proves registered for its account')
    .addOption(
      new Option('--submit <what>', 'to optimistic jobs: the proof’s hash, or the proof at once').choices([
        'hash',
        'proof',
      ]),
    )
    .option('--watch <job...>', 'jobs whose submissions are checked, all or none (default: all)')
    .option(
      '--watch-patience <seconds>',
      'how long a proof’s bytes may be missing before that is challenged (default: 600)',
      whole,
    );
  return addChainFlags(command);
}
