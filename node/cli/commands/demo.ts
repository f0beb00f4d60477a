import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { DemoReport } from '../../demo/demo.ts';
import type { Context } from '../context.ts';
import type { LocalNetwork } from '../demo-network.ts';
import { exitStatus } from '../exit-status.ts';
import { count, index, memory, showMemory } from '../options.ts';
import type { ProverFlags } from '../tessera.ts';
import { addVerb } from '../verb.ts';
import { describeProof } from './prove.ts';
import { describeReport } from './verify.ts';

interface Flags extends ProverFlags {
  digit: number;
  out?: string;
}

/** `tessera demo`: has a handwritten digit proven by local nodes, verifies the certificate, and shows how forgeries are refused. */
export function demoVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'demo',
    description:
      'Prove a handwritten digit by three nodes on this machine, verify it, and show that changed copies are refused.',
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
      const { withLocalNetwork } = await import('../demo-network.ts');
      const running = { directory, signal, onProgress: output.progress.bind(output) };
      const { report, provenBy } = await withProvers(context, flags, (tessera) =>
        withLocalNetwork(context, flags.memory, async (network) => ({
          report: await tessera.demo({ digit: flags.digit, ...running }, network),
          provenBy: network?.segments ?? [],
        })),
      );
      const { certificate: _, ...shown } = report;
      output.result(
        { ...shown, network: { segments: provenBy }, directory },
        describe(report, provenBy, directory, output),
      );
      if (!holds(report)) context.exitStatus = exitStatus.failed;
    });
}

function holds({ verified, refusals }: DemoReport): boolean {
  return verified.valid && refusals.every(({ problems }) => problems.length > 0);
}

function describe(
  report: DemoReport,
  provenBy: LocalNetwork['segments'],
  directory: string,
  output: Context['output'],
): string {
  const whoProved = (segment: string) => {
    const found = provenBy.find(({ id }) => id === segment);
    return found === undefined ? 'from the cache' : `${found.seconds.toFixed(1)} s, by peer ${found.peerId}`;
  };
  const title = (text: string) => `\n${output.style('bold', text)}`;
  return [
    report.drawing,
    title('Proven'),
    describeProof(report.proven, whoProved),
    `the digit is read as ${report.answer}; its label says ${report.label}`,
    `ezkl alone, in one circuit, would have taken about ${report.ezkl.seconds.toFixed(0)} s and ${showMemory(report.ezkl.bytes)}, keys included`,
    title('Verified, with development keys allowed'),
    describeReport(report.verified, report.certificate, output),
    title('Forgeries'),
    ...report.refusals.flatMap(({ change, problems }) => [
      `${change}: ${problems.length > 0 ? output.style('green', 'refused') : output.style('red', 'accepted')}`,
      ...problems.map(({ code, message }) => `  ${code}: ${message}`),
    ]),
    `\nThe certificate and its forgeries are in ${directory}; try: tessera verify ${join(directory, 'digit.cert')}`,
  ].join('\n');
}
