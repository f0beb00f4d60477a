import type { Command } from 'commander';
import { isAddressEqual } from 'viem';
import { addChainFlags, addTokenFlag, type ChainFlags, jobArgument } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags {
  token?: `0x${string}`;
}

/** `tessera jobs`: the jobs of a market, or one job's segments. */
export function jobsVerb(program: Command, context: Context): void {
  const verb = addChainFlags(
    addVerb(program, {
      usage: 'jobs [job]',
      description: 'List the jobs of a market, or how each segment of one stands.',
      examples: ['tessera jobs', 'tessera jobs --token 0x…', 'tessera jobs 0x… --json'],
    }),
  );
  addTokenFlag(verb, 'only jobs that pay in this ERC-20').action(
    async (job: string | undefined, flags: Flags) => {
      const { withMarket } = await import('../chain.ts');
      const { listJobs, listSegments } = await import('../../chain/job-list.ts');
      const { loadMismatches } = await import('../../chain/mismatch.ts');
      const { readCurrencies, showAmount } = await import('../../chain/currency.ts');
      const date = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();
      if (job === undefined) {
        const { jobs, lines } = await withMarket(context, flags, 0, async ({ market, chain, deployed }) => {
          const { token: only } = flags;
          const all = await listJobs(market, deployed.since);
          const listed = all.filter(({ token }) => only === undefined || isAddressEqual(token, only));
          const currencyOf = await readCurrencies(
            chain,
            listed.map(({ token }) => token),
          );
          const shown = listed.map(
            ({ id, segments, verified, settled, closed, expiry, optimistic, escrow, token }) =>
              `${id}: ${verified} verified and ${settled} settled of ${segments} segments, ${optimistic ? 'optimistic' : 'eager'}, ${closed ? 'closed' : `open until ${date(expiry)}`}, escrow ${showAmount(currencyOf(token), escrow)}`,
          );
          return {
            jobs: listed.map((each) => ({ ...each, currency: currencyOf(each.token) })),
            lines: shown,
          };
        });
        context.output.result({ jobs }, lines.join('\n') || 'There are no jobs.');
        return;
      }
      const id = jobArgument(job);
      const { segments, mismatches } = await withMarket(context, flags, 0, async ({ market, files }) => ({
        segments: await listSegments(market, id),
        mismatches: await loadMismatches(files.mismatches(id)),
      }));
      const lines = segments.map(
        ({ state, claimant, deadline }, index) =>
          `segment ${index}: ${state}${state === 'open' ? '' : `, ${claimant}`}${['claimed', 'submitted', 'challenged'].includes(state) ? `, until ${date(deadline)}` : ''}`,
      );
      const wrong = mismatches.map(
        ({ segment, edge, block }) =>
          `segment ${segment} cannot be proven: this machine computed another value of edge ${edge}, block ${block}, than the job commits to`,
      );
      context.output.result(
        { job: id, segments, mismatches },
        [...lines, ...wrong].join('\n') || `The market knows no job ${id}.`,
      );
    },
  );
}
