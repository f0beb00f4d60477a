import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatEther } from 'viem';
import type { DemoReport } from '../../demo/demo.ts';
import { showMemory } from '../../memory.ts';
import type { Context } from '../context.ts';
import type { MarketStory } from '../demo-market.ts';
import type { LocalNetwork } from '../demo-network.ts';
import { exitStatus } from '../exit-status.ts';
import { count, index, memory } from '../options.ts';
import type { ProverFlags } from '../tessera.ts';
import { addVerb } from '../verb.ts';
import { describeProof } from './prove.ts';
import { describeReport } from './verify.ts';

interface Flags extends ProverFlags {
  digit: number;
  out?: string;
}

/** `tessera demo`: has a digit proven by local nodes for pay, verifies the certificate, and shows how forgeries are refused. */
export function demoVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'demo',
    description:
      'Have a handwritten digit proven and paid for on a chain of this machine, verify it, and refuse changed copies.',
    examples: ['tessera demo', 'tessera demo --digit 41 --out demo --json'],
    long: true,
  })
    .option('--digit <index>', 'which of the 1,000 test digits, 0 to 999', index, 0)
    .option('--out <directory>', 'where input and certificates are kept; a temporary directory by default')
    .option('--memory <size>', 'what all prover processes together may use', memory)
    .option('--parallel <n>', 'segments worked on at once', count)
    .action(async (flags: Flags) => {
      const { output, signal } = context;
      const { withProvers } = await import('../tessera.ts');
      const directory = flags.out ?? (await mkdtemp(join(tmpdir(), 'tessera-demo-')));
      const { withLocalMarket } = await import('../demo-market.ts');
      const { withLocalNetwork } = await import('../demo-network.ts');
      const options = { digit: flags.digit, directory, signal, onProgress: output.progress.bind(output) };
      const { report, provenBy, story } = await withProvers(context, flags, (tessera) =>
        withLocalMarket(context, flags.memory, async (market): Promise<Shown> => {
          if (market === undefined) {
            return withLocalNetwork(context, flags.memory, async (network) => ({
              report: await tessera.demo(options, network),
              provenBy: network?.segments ?? [],
              story: undefined,
            }));
          }
          const made = await tessera.demo({ ...options, target: 'chain' }, market);
          return { report: made, provenBy: [], story: market.story() };
        }),
      );
      const { certificate: _, ...shown } = report;
      output.result(
        {
          ...shown,
          network: { segments: provenBy },
          ...(story === undefined ? {} : { chain: story }),
          directory,
        },
        describe({ report, provenBy, story }, directory, output),
      );
      if (!holds(report) || story?.verified === false) context.exitStatus = exitStatus.failed;
    });
}

/** What was shown, and how it came about. */
interface Shown {
  report: DemoReport;
  provenBy: LocalNetwork['segments'];
  story: MarketStory | undefined;
}

function describeStory({
  market,
  chainId,
  job,
  segments,
  defended,
  withdrawn,
  verified,
}: MarketStory): string[] {
  return [
    `market ${market} on chain ${chainId}, job ${job}`,
    ...segments.map(({ segment, state, claimant }) => `segment ${segment}: ${state}, claimed by ${claimant}`),
    `challenged, and defended by the proof: ${defended} of these`,
    ...withdrawn.map(({ account, amount }) => `${account} withdrew ${formatEther(amount)} coins`),
    `the contracts say of the certificate’s statement: ${verified ? 'every segment was verified' : 'not verified'}`,
  ];
}

function holds({ verified, refusals }: DemoReport): boolean {
  return verified.valid && refusals.every(({ problems }) => problems.length > 0);
}

function describe({ report, provenBy, story }: Shown, directory: string, output: Context['output']): string {
  const whoProved = (segment: string) => {
    const index = report.certificate.manifest.graph.segments.findIndex(({ id }) => id === segment);
    const onChain = story?.segments[index];
    if (onChain !== undefined) return `by peer ${onChain.peerId}, account ${onChain.claimant}`;
    const found = provenBy.find(({ id }) => id === segment);
    return found === undefined ? 'from the cache' : `${found.seconds.toFixed(1)} s, by peer ${found.peerId}`;
  };
  const title = (text: string) => `\n${output.style('bold', text)}`;
  return [
    report.drawing,
    title('Proven'),
    describeProof(report.proven, whoProved),
    `the digit is read as ${report.answer}; its label says ${report.label}`,
    `ezkl alone, by its defaults and in one circuit, would take about ${report.ezkl.seconds.toFixed(0)} s and ${showMemory(report.ezkl.bytes)}, keys included`,
    title('Verified, with development keys allowed'),
    describeReport(report.verified, report.certificate, output),
    ...(story === undefined ? [] : [title('On the chain'), ...describeStory(story)]),
    title('Forgeries'),
    ...report.refusals.flatMap(({ change, problems }) => [
      `${change}: ${problems.length > 0 ? output.style('green', 'refused') : output.style('red', 'accepted')}`,
      ...problems.map(({ code, message }) => `  ${code}: ${message}`),
    ]),
    `\nThe certificate and its forgeries are in ${directory}; try: tessera verify ${join(directory, 'digit.cert')}`,
  ].join('\n');
}
