import type { Command } from 'commander';
import type { Fidelity } from '../../audit/fidelity.ts';
import type { AuditReport } from '../../audit.ts';
import type { Context } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { count, difference, digest, memory } from '../options.ts';
import { printable } from '../printable.ts';
import type { ProverFlags } from '../tessera.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ProverFlags {
  model: string;
  tolerance?: number;
}

/** `tessera audit`: rebuilds a manifest from its model and compares, and a certificate's outputs with the float model's. */
export function auditVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'audit <manifest>',
    description: 'Rebuild the circuits and keys of a manifest or certificate from its model, and compare.',
    examples: [
      'tessera audit digit.cert --model lenet.onnx',
      'tessera audit digit.cert --model lenet.onnx --tolerance 0.1',
      'tessera audit digit.cert --model lenet.onnx --srs kzg14.srs --srs-digest c0912…bcc --json',
    ],
    long: true,
  })
    .requiredOption('--model <file>', 'the ONNX file that it is said to be made from')
    .option(
      '--tolerance <x>',
      'refuse outputs that differ by more from those of the float model on the same input',
      difference,
    )
    .option('--srs <file or URL>', 'the SRS that the circuits were made with; needs --srs-digest')
    .option('--srs-digest <hex>', 'its sha2-256', digest)
    .option('--memory <size>', 'what all prover processes together may use, e.g. 2GiB', memory)
    .option('--parallel <n>', 'segments worked on at once', count)
    .action(async (manifest: string, flags: Flags) => {
      const { output, signal } = context;
      const { withProvers } = await import('../tessera.ts');
      const report = await withProvers(context, flags, (tessera) =>
        tessera.audit({
          manifest,
          model: flags.model,
          ...(flags.tolerance === undefined ? {} : { tolerance: flags.tolerance }),
          signal,
          onProgress: (event) => output.progress(event),
        }),
      );
      output.result(report, describe(report, output));
      context.exitStatus = report.ok ? exitStatus.ok : exitStatus.failed;
    });
}

function describe({ ok, model, problems, trust, fidelity }: AuditReport, output: Context['output']): string {
  const verdict = ok
    ? `${output.style('green', 'ok')}: segments, circuits and keys are those of the model`
    : `${output.style('red', 'not ok')}: do not rely on this manifest`;
  const lines = [`model ${model}`, verdict, ...(trust === undefined ? [] : [`trust: ${trust}`])];
  if (trust === 'development')
    lines.push('Whoever made its development keys can forge proofs, model or not.');
  lines.push(...describeFidelity(fidelity));
  for (const { code, message, remedy } of problems) {
    lines.push(`${code}: ${printable(message)}`);
    if (remedy !== undefined) lines.push(`  What to do: ${printable(remedy)}`);
  }
  return lines.join('\n');
}

function describeFidelity({ outputs, statedFloats, uncompared }: Fidelity): string[] {
  const classes = { true: '; the same class', false: '; another class', null: '' };
  const lines = outputs.map(
    ({ name, maxDifference, maxMagnitude, sameClass }) =>
      `output ${printable(name)}: at most ${maxDifference.toPrecision(3)} from the float model’s, whose largest magnitude is ${maxMagnitude.toPrecision(3)}${classes[`${sameClass}`]}`,
  );
  if (outputs.length > 0 && !statedFloats) {
    lines.push(
      'The certificate states no floats of its input: what quantising has lost of them does not show.',
    );
  }
  return [...lines, ...uncompared.map((why) => `not compared with the float model: ${printable(why)}`)];
}
