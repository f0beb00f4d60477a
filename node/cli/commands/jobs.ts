import type { Command } from 'commander';
import { addChainFlags, type ChainFlags, jobArgument } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera jobs`: the jobs of a market, or one job's segments. */
export function jobsVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'jobs [job]',
      description: 'List the jobs of a market, or how each segment of one stands.',
      examples: ['tessera jobs', 'tessera jobs 0x… --json'],
    }),
  ).action(async (job: string | undefined, flags: ChainFlags) => {
    const { withMarket } = await import('../chain.ts');
    const { listJobs, listSegments } = await import('../../chain/job-list.ts');
    const date = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();
    if (job === undefined) {
      const jobs = await withMarket(context, flags, 0, ({ market, deployed }) =>
        listJobs(market, deployed.since),
      );
      const lines = jobs.map(
        ({ id, segments, verified, settled, closed, expiry, optimistic }) =>
          `${id}: ${verified} verified and ${settled} settled of ${segments} segments, ${optimistic ? 'optimistic' : 'eager'}, ${closed ? 'closed' : `open until ${date(expiry)}`}`,
      );
      context.output.result({ jobs }, lines.join('\n') || 'There are no jobs.');
      return;
    }
    const id = jobArgument(job);
    const segments = await withMarket(context, flags, 0, ({ market }) => listSegments(market, id));
    const lines = segments.map(
      ({ state, claimant, deadline }, index) =>
        `segment ${index}: ${state}${state === 'open' ? '' : `, ${claimant}`}${['claimed', 'submitted', 'challenged'].includes(state) ? `, until ${date(deadline)}` : ''}`,
    );
    context.output.result({ job: id, segments }, lines.join('\n') || `The market knows no job ${id}.`);
  });
}
