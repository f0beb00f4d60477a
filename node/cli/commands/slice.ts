import type { Command } from 'commander';
import { strategyForms } from '../../model/slice/strategy.ts';
import type { SliceReport } from '../../slice.ts';
import type { Context } from '../context.ts';
import { shape } from '../options.ts';
import { addVerb } from '../verb.ts';

interface Flags {
  shape?: Record<string, readonly number[]>;
  by: string;
  out: string;
}

/** `tessera slice`: one ONNX file a segment, and the graph; needs no Python. */
export function sliceVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'slice <model>',
    description: 'Cut a model into segments, and write one ONNX file for each and the graph.',
    examples: [
      'tessera slice lenet.onnx --by layer --out segments',
      'tessera slice lenet.onnx --by memory=1.5GiB --out s --json',
    ],
    long: true,
  })
    .option('--shape <name=sizes>', 'the shape of a dynamic input; may be repeated', shape)
    .requiredOption('--by <strategy>', strategyForms)
    .requiredOption('--out <directory>', 'an empty or new directory, or one of an earlier slicing')
    .action(async (model: string, flags: Flags) => {
      const { output, signal } = context;
      const [{ sliceModel }, { unsupportedByEzkl }] = await Promise.all([
        import('../../slice.ts'),
        import('../../provers/ezkl/operators.ts'),
      ]);
      const report = await sliceModel({
        model,
        strategy: flags.by,
        out: flags.out,
        provers: [{ unsupported: unsupportedByEzkl }],
        ...(flags.shape ? { shapes: flags.shape } : {}),
        signal,
        onProgress: (event) => output.progress(event),
      });
      output.result(report, describe(report, flags.out));
    });
}

function describe({ segments, strategy }: SliceReport, out: string): string {
  const lines = segments.flatMap(({ id, nodes, provable, unsupported }) => [
    `${id}: ${counted(nodes.length, 'node')}${provable ? '' : ', not provable'}`,
    ...unsupported.map(
      ({ node, operator, reason, remedy }) => `  ${node} (${operator}): ${reason} ${remedy}`,
    ),
  ]);
  return [...lines, `${counted(segments.length, 'segment')} written to ${out}, cut by ${strategy}`].join(
    '\n',
  );
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
