import type { Command } from 'commander';
import type { Report } from '../../../protocol/report.ts';
import type { Context } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { digest } from '../options.ts';
import { addVerb } from '../verb.ts';

interface Flags {
  allowDevelopment?: boolean;
  expectModel?: string;
}

/** `tessera verify`: checks a certificate, with no network and no Python. */
export function verifyVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'verify <certificate>',
    description: 'Check every proof and every link of a certificate.',
    examples: [
      'tessera verify digit.tessera --allow-development',
      'tessera verify digit.tessera --expect-model 3f0c…9a --json',
    ],
    long: true,
  })
    .option('--allow-development', 'accept keys that their maker could forge proofs under')
    .option('--expect-model <id>', 'refuse a certificate of another model than this modelId', digest)
    .action(async (path: string, flags: Flags) => {
      const { output, signal, settings } = context;
      const [{ verify }, { ezklVerifier }] = await Promise.all([
        import('../../verify.ts'),
        import('../verifiers.ts'),
      ]);
      const verifier = ezklVerifier(settings);
      try {
        const { report } = await verify(
          {
            certificate: path,
            allowDevelopment: flags.allowDevelopment ?? false,
            expect: flags.expectModel === undefined ? {} : { modelId: flags.expectModel },
            signal,
            onProgress: (event) => output.progress(event),
          },
          { verifiers: [verifier.verifier] },
        );
        output.result(report, describeReport(report, output));
        context.exitStatus = statusOf(report);
      } finally {
        await verifier.close();
      }
    });
}

function statusOf(report: Report): number {
  if (report.valid) return exitStatus.ok;
  return report.sound ? exitStatus.developmentKeys : exitStatus.failed;
}

/** A check's report for people. */
export function describeReport(report: Report, output: Context['output']): string {
  const verdict = report.valid ? output.style('green', 'valid') : output.style('red', 'not valid');
  const mark = (valid: boolean) => (valid ? output.style('green', 'ok') : output.style('red', 'no'));
  const lines = [
    `The certificate is ${verdict}.`,
    `model ${report.model} (${report.modelExpected ? 'as expected' : 'nothing was expected'}; not audited)`,
    `trust: ${report.trust}; output: ${report.output}`,
  ];
  for (const { id, prover, valid, reason } of report.segments) {
    lines.push(`${mark(valid)} segment ${id} (${prover})${reason === null ? '' : `: ${reason}`}`);
  }
  for (const { edge, from, to, scheme, valid, reason } of report.links) {
    const ends = `${from ?? 'input'} → ${to ?? 'output'}`;
    lines.push(`${mark(valid)} link ${edge}, ${ends} (${scheme})${reason === null ? '' : `: ${reason}`}`);
  }
  for (const problem of report.problems) lines.push(`${problem.code}: ${problem.message}`);
  if (report.sound && !report.valid) {
    lines.push(
      'It is sound if the makers of its development keys are honest: --allow-development accepts that.',
    );
  }
  return lines.join('\n');
}
