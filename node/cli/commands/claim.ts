import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { addChainFlags, addTokenFlag, type ChainFlags, coins, jobArgument, whole } from '../chain-flags.ts';
import type { Context } from '../context.ts';
import { count, memory } from '../options.ts';
import type { ProverFlags } from '../tessera.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ChainFlags, ProverFlags {
  segment?: number;
  token?: `0x${string}`;
  stake?: bigint;
  resume?: boolean;
  abandon?: boolean;
}

/** `tessera claim`: claims a job's segments for this account, proves and submits them; goes on where it stopped. */
export function claimVerb(program: Command, context: Context): void {
  const verb = addChainFlags(
    addVerb(program, {
      usage: 'claim [job]',
      description: 'Claim segments of a job that was posted from this machine, prove and submit them.',
      examples: [
        'tessera claim 0x… --account 2 --stake 1',
        'tessera claim 0x… --segment 0 --json',
        'tessera claim 0x… --abandon',
        'tessera claim --resume',
      ],
      long: true,
    }),
  );
  addTokenFlag(verb, 'the ERC-20 that is taken for pay, instead of the chain’s coin')
    .option('--segment <number>', 'only this one, counted from 0', whole)
    .option('--stake <amount>', 'deposit this much of the chain’s coin first, for bonds', coins)
    .option('--resume', 'claim again although claims failed: what made them fail is mended')
    .option('--abandon', 'give up, for good, what this account has claimed: a quarter of each bond is burned')
    .option('--memory <size>', 'what all prover processes together may use, e.g. 2GiB', memory)
    .option('--parallel <n>', 'segments worked on at once', count)
    .action((job: string | undefined, flags: Flags) =>
      (flags.abandon === true ? runAbandon : runClaim)(context, job, flags),
    );
}

async function runAbandon(context: Context, job: string | undefined, flags: Flags): Promise<void> {
  if (job === undefined) throw noJob();
  const { withMarket } = await import('../chain.ts');
  const { termsOf } = await import('../../chain/job-list.ts');
  const { abandonClaims } = await import('../../chain/abandon-claims.ts');
  const report = await withMarket(context, flags, 2, async ({ market, deployed }) => {
    const terms = await termsOf(market, deployed.since, jobArgument(job));
    return abandonClaims(market, terms, flags.segment, { signal: context.signal });
  });
  const lines = report.abandoned.map((segment) => `Segment ${segment} is open again, for others.`);
  context.output.result(report, lines.join('\n') || 'This account has no claim of it that it could give up.');
}

const noJob = () =>
  new TesseraError('USAGE', {
    message: 'No job is given',
    remedy: 'Give its id: `tessera jobs` lists them.',
  });

async function runClaim(context: Context, job: string | undefined, flags: Flags): Promise<void> {
  const { output, signal } = context;
  if (job === undefined && flags.resume !== true) throw noJob();
  const { withMarket } = await import('../chain.ts');
  const { ClaimGuard } = await import('../../chain/claim-guard.ts');
  await withMarket(context, flags, 2, async ({ market, chain, files }) => {
    const guard = new ClaimGuard(files.guard);
    if (flags.resume === true) await guard.reset();
    if (job === undefined) {
      output.result({ resumed: true }, 'This node claims again.');
      return;
    }
    const id = jobArgument(job);
    const { loadPostedJobRecord } = await import('../../chain/job-record.ts');
    const record = await loadPostedJobRecord(files.job(id));
    if (record === undefined) {
      throw new TesseraError('ARTIFACT_MISSING', {
        message: `This machine has not what job ${id} is made of`,
        remedy: 'Claim it where it was posted (`prove --chain`), with the same TESSERA_HOME.',
        details: { job: id },
      });
    }
    const { requirePay } = await import('../../chain/pay.ts');
    await requirePay(chain, record.job.terms, flags.token);
    if (flags.stake !== undefined) await market.deposit(flags.stake, { signal });
    const { withProvers } = await import('../tessera.ts');
    const { reopenJob } = await import('../../chain/prove-on-chain.ts');
    const { localWork } = await import('../../chain/local-work.ts');
    const { MarketWorker } = await import('../../chain/market-worker.ts');
    const worker = new MarketWorker({ market, proofs: files.proofs, guard });
    const onProgress = output.progress.bind(output);
    const segments = await withProvers(context, flags, (tessera) =>
      tessera.withModules(async (modules, limits) => {
        const prepared = await reopenJob(id, record, modules, limits, { signal, onProgress });
        const chosen = flags.segment === undefined ? [...record.job.offers.keys()] : [flags.segment];
        const results = [];
        for (const segment of chosen) {
          const work = async () => localWork(prepared, segment, modules, limits);
          const say = (step: string) => output.note(`segment ${segment}: ${step}`);
          results.push({
            segment,
            ...(await worker.work(record.job, segment, work, { signal, onProgress: say })),
          });
        }
        return results;
      }),
    );
    const lines = segments.map(({ segment, state, claimant }) => `segment ${segment}: ${state}, ${claimant}`);
    output.result({ job: id, account: market.chain.address, segments }, lines.join('\n'));
  });
}
