import type { Command } from 'commander';
import { TesseraError } from '../../../protocol/errors.ts';
import { strategyForms } from '../../model/slice/strategy.ts';
import type { TensorFileSource } from '../../model/tensor-file.ts';
import type { RunReport } from '../../run.ts';
import type { Context } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { type ImageFlags, meanOption, seed, shape, stdOption, tensorSource } from '../options.ts';
import { addVerb } from '../verb.ts';

interface Flags extends ImageFlags {
  shape?: Record<string, readonly number[]>;
  input?: string;
  random?: number;
  by: string;
}

/** `tessera run`: the model as it is, imported and in slices, compared; needs no Python. */
export function runVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'run <model>',
    description: 'Run a model whole and in slices, and compare the results.',
    examples: [
      'tessera run lenet.onnx --input digit.json --by layer',
      'tessera run resnet.onnx --shape image=1,3,224,224 --random 1 --by parts=4 --json',
    ],
    long: true,
  })
    .option('--shape <name=sizes>', 'the shape of a dynamic input; may be repeated', shape)
    .option('--input <file>', 'inputs: .json by tensor name, .npy, .npz, or .png')
    .addOption(meanOption())
    .addOption(stdOption())
    .option('--random <seed>', 'inputs drawn from a seed instead', seed)
    .requiredOption('--by <strategy>', strategyForms)
    .action(async (model: string, flags: Flags) => {
      const { output, signal } = context;
      const inputs = chooseInputs(flags);
      const { runModel } = await import('../../run.ts');
      const { outputs: _, ...report } = await runModel({
        model,
        inputs,
        strategy: flags.by,
        ...(flags.shape ? { shapes: flags.shape } : {}),
        signal,
        onProgress: (event) => output.progress(event),
      });
      output.result(report, describe(report, output));
      if (!report.equal) context.exitStatus = exitStatus.failed;
    });
}

function chooseInputs({ input, random, ...image }: Flags): { file: TensorFileSource } | { seed: number } {
  const file = tensorSource(input, image);
  if (file !== undefined && random === undefined) return { file };
  if (file === undefined && random !== undefined) return { seed: random };
  throw new TesseraError('USAGE', {
    message: 'Give either --input or --random',
    remedy: 'See: tessera run --help',
  });
}

function describe(report: Omit<RunReport, 'outputs'>, output: Context['output']): string {
  const verdict = report.equal ? output.style('green', 'equal') : output.style('red', 'not equal');
  const line = (what: string, { maxAbsError, maxRelError, tolerance }: RunReport['imported']) =>
    `${what}: largest error ${maxAbsError.toExponential(2)} (relative ${maxRelError.toExponential(2)}), ` +
    `allowed ${tolerance.toExponential(2)}`;
  return [
    `${report.segments} segments: ${verdict}`,
    line('imported against the file', report.imported),
    line('sliced against imported', report.sliced),
    ...report.imported.differences,
    ...report.sliced.differences,
  ].join('\n');
}
