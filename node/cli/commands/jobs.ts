import type { Command } from 'commander';
import { isAddressEqual } from 'viem';
import { TesseraError } from '../../../protocol/errors.ts';
import { addChainFlags, addTokenFlag, type ChainFlags, jobArgument } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags {
  token?: `0x${string}`;
  close?: boolean;
}

/** `tessera jobs`: the jobs of a market, one job's segments, or the end of a job. */
export function jobsVerb(program: Command, context: Context): void {
  const verb = addChainFlags(
    addVerb(program, {
      usage: 'jobs [job]',
      description: 'List the jobs of a market, or how each segment of one stands.',
      examples: [
        'tessera jobs',
        'tessera jobs --token 0x…',
        'tessera jobs 0x… --json',
        'tessera jobs 0x… --close',
      ],
    }),
  );
  addTokenFlag(verb, 'only jobs that pay in this ERC-20')
    .option('--close', 'close the job, which its requester may, and everyone after its expiry')
    .action(async (job: string | undefined, flags: Flags) => {
      if (job !== undefined) await (flags.close === true ? closeOne : showOne)(context, job, flags);
      else if (flags.close !== true) await listAll(context, flags);
      else {
        throw new TesseraError('USAGE', {
          message: 'No job is given that is to be closed',
          remedy: 'Give its id: `tessera jobs` lists them.',
        });
      }
    });
}

const date = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();

async function listAll(context: Context, flags: Flags): Promise<void> {
  const { withMarket } = await import('../chain.ts');
  const { listJobs } = await import('../../chain/job-list.ts');
  const { readCurrencies, showAmount } = await import('../../chain/currency.ts');
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
}

async function showOne(context: Context, job: string, flags: Flags): Promise<void> {
  const { withMarket } = await import('../chain.ts');
  const { segmentsOf } = await import('../../chain/job-list.ts');
  const { loadMismatches } = await import('../../chain/mismatch.ts');
  const id = jobArgument(job);
  const { segments, mismatches } = await withMarket(context, flags, 0, async ({ market, files }) => ({
    segments: await segmentsOf(market, id),
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
  context.output.result({ job: id, segments, mismatches }, [...lines, ...wrong].join('\n'));
}

async function closeOne(context: Context, job: string, flags: Flags): Promise<void> {
  const { withMarket } = await import('../chain.ts');
  const { termsOf } = await import('../../chain/job-list.ts');
  const { closeJob } = await import('../../chain/close-job.ts');
  const { readCurrency, showAmount } = await import('../../chain/currency.ts');
  const id = jobArgument(job);
  // On the embedded chain, `prove --chain` posts by this account.
  const { report, currency } = await withMarket(context, flags, 1, async ({ market, chain, deployed }) => {
    const terms = await termsOf(market, deployed.since, id);
    const closed = await closeJob(market, terms, { signal: context.signal });
    return { report: closed, currency: await readCurrency(chain, closed.token) };
  });
  const { known, refund, ended, standing, requester, owed } = report;
  const lines = [
    known
      ? `Job ${id} was closed before.`
      : `Job ${id} is closed, which frees ${showAmount(currency, refund)}.`,
    ...ended.map((segment) => `Segment ${segment} had missed its deadline: its reward is free, too.`),
    ...standing.map(
      (segment) => `Segment ${segment} is worked on: that is paid, or frees its reward when it fails.`,
    ),
    `${requester} can withdraw ${showAmount(currency, owed)} (tessera withdraw).`,
  ];
  context.output.result({ ...report, currency }, lines.join('\n'));
}
