import { basename } from 'node:path';
import type { Command } from 'commander';
import writeFileAtomic from 'write-file-atomic';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Context } from '../context.ts';
import { count, memory, shape } from '../options.ts';
import { addVerb } from '../verb.ts';

interface Flags {
  shape?: Record<string, readonly number[]>;
  memory?: number;
  scale?: number;
  html?: string;
}

/** `tessera inspect`: what proving a model will cost; needs no prover. */
export function inspectVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'inspect <model>',
    description: 'Show what proving each layer of a model will cost, before anything is compiled.',
    examples: ['tessera inspect lenet.onnx', 'tessera inspect lenet.onnx --memory 2GiB --html lenet.html'],
    long: true,
  })
    .option('--shape <name=sizes>', 'the shape of a dynamic input; may be repeated', shape)
    .option('--memory <amount>', 'memory that one prover process may use, e.g. 2GiB', memory)
    .option('--scale <bits>', "fractional bits of inputs and weights in ezkl's circuits", count)
    .option('--html <file>', 'also write a page with the graph of layers, drawn')
    .action(async (model: string, flags: Flags) => {
      const { output, signal } = context;
      const [{ inspectModel }, { inspectionText }, { unsupportedByEzkl }, { unsupportedNode }] =
        await Promise.all([
          import('../../inspect.ts'),
          import('../../inspect/text.ts'),
          import('../../provers/ezkl/operators.ts'),
          import('../../provers/circuit/index.ts'),
        ]);
      const report = await inspectModel({
        model,
        provers: [
          { name: 'ezkl', unsupported: unsupportedByEzkl },
          { name: 'groth16', unsupported: unsupportedNode },
        ],
        ...(flags.shape ? { shapes: flags.shape } : {}),
        ...(flags.memory === undefined ? {} : { memory: flags.memory }),
        ...(flags.scale === undefined ? {} : { scale: flags.scale }),
        signal,
        onProgress: (event) => output.progress(event),
      });
      if (flags.html !== undefined) {
        const { inspectionPage } = await import('../../inspect/page.ts');
        await write(flags.html, inspectionPage(report, basename(model)));
      }
      output.result(report, inspectionText(report));
    });
}

async function write(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text).catch((cause: unknown) => {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The page cannot be written to ${path}`,
      remedy: 'Choose another path for --html.',
      cause,
    });
  });
}
