import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { addChainFlags, type ChainFlags, jobArgument, whole } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera challenge`: checks optimistic submissions of a job and challenges those that fail. */
export function challengeVerb(program: Command, context: Context): void {
  addChainFlags(
    addVerb(program, {
      usage: 'challenge <job>',
      description: 'Check what was submitted for a job, and challenge what fails or cannot be had.',
      examples: ['tessera challenge 0x… --account 4', 'tessera challenge 0x… --segment 1 --json'],
    }),
  )
    .option('--segment <number>', 'only this one, counted from 0', whole)
    .action(async (job: string, flags: ChainFlags & { segment?: number }) => {
      const { withMarket } = await import('../chain.ts');
      const { loadPostedJobRecord } = await import('../../chain/job-record.ts');
      const { watchSegment } = await import('../../chain/watcher.ts');
      const id = jobArgument(job);
      const found = await withMarket(context, flags, 4, async ({ market, files }) => {
        const record = await loadPostedJobRecord(files.job(id));
        if (record === undefined) {
          throw new TesseraError('ARTIFACT_MISSING', {
            message: `This machine has not what job ${id} is made of`,
            remedy: 'Challenge where it was posted, with the same TESSERA_HOME.',
            details: { job: id },
          });
        }
        const chosen = flags.segment === undefined ? [...record.job.offers.keys()] : [flags.segment];
        const judged = [];
        for (const segment of chosen) {
          const judgement = await watchSegment(market, record.job, segment, files.proofs, {
            signal: context.signal,
          });
          judged.push({ segment, ...(judgement ?? { verdict: 'nothing to challenge' as const }) });
        }
        return judged;
      });
      const lines = found.map((each) =>
        each.verdict === 'fails' || each.verdict === 'missing'
          ? `segment ${each.segment}: challenged, since ${each.reason}`
          : `segment ${each.segment}: ${each.verdict}`,
      );
      context.output.result({ job: id, segments: found }, lines.join('\n'));
    });
}
