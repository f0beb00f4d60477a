import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../node/package.ts';
import type { ProveReport } from '../../node/prove.ts';
import type { PartsInit } from '../../node/setup/index.ts';
import { digitTensor } from '../against-ezkl.ts';
import type { BenchContext, Benchmark, FigureMark } from '../benchmark.ts';
import { testDigits, writeInputs } from '../digits.ts';
import { judge } from '../row.ts';
import { type CommandRun, runTessera } from '../tessera/command.ts';
import { freshHome } from '../tessera/home.ts';
import { type PlanChoice, planFlags } from '../tessera/plan-choice.ts';
import { startWorkerNode } from '../tessera/worker-node.ts';

const model = 'lenet';
const choice: PlanChoice = { by: 'memory=1100MB', prover: 'ezkl' };
/** That the worker's provers may use. */
const workerGiB = 8;

const nextJob = {
  name: 'network-overhead/lenet with keys at hand',
  unit: 's',
  mark: { of: 'ratio', atMost: 1.05 },
} as const satisfies FigureMark;
const firstJob = {
  name: 'network-overhead/lenet, keys made by both',
  unit: 's',
} as const satisfies FigureMark;

/**
 * A whole job of LeNet by ezkl over the network, from the ONNX file to the certificate: a requester and one worker, as
 * the command line starts them, against the same job without the network. Once both have the keys, as from the second
 * input on; and the first job, in which the worker makes them too.
 */
export const networkOverhead: Benchmark = {
  name: 'network-overhead',
  marks: [nextJob],
  async run(context) {
    const { installation, scratch, say } = context;
    const [requester, worker] = [await homeOf(installation, scratch), await homeOf(installation, scratch)];
    const node = await startWorkerNode(worker, workerGiB);
    try {
      const network = ['--network', '--bootstrap', ...node.addresses];
      say('network-overhead: keys made by both');
      const first = await prove(context, requester, 0, network);
      say('network-overhead: keys at hand');
      const next = await prove(context, requester, 1, network);
      say('network-overhead: without the network');
      const alone = await prove(context, requester, 2, ['--parallel', '1']);
      return {
        rows: [
          judge({ ...nextJob, value: next.seconds, baseline: alone.seconds }),
          judge({ ...firstJob, value: first.seconds }),
        ],
        detail: { choice, segments: alone.answer.segments, reported: next.answer.seconds },
      };
    } finally {
      await node.stop();
      await Promise.all([requester, worker].map((home) => rm(home, { recursive: true, force: true })));
    }
  },
};

/** A new data directory that no other node has. */
async function homeOf(installation: PartsInit, scratch: string): Promise<string> {
  const { root, node } = (await freshHome(installation, scratch)).directory;
  await rm(node, { recursive: true, force: true });
  return root;
}

async function prove(
  { scratch, signal }: BenchContext,
  home: string,
  digit: number,
  flags: readonly string[],
): Promise<CommandRun<ProveReport>> {
  const directory = join(scratch, `overhead-${digit}`);
  await mkdir(directory, { recursive: true });
  const samples = await testDigits();
  const { tessera: input, calibration } = await writeInputs(
    directory,
    digitTensor,
    samples[digit] as Float32Array,
  );
  const path = join(packageRoot, 'models', `${model}.onnx`);
  const out = join(directory, 'proof.cert');
  const args = ['prove', path, '--input', input, '--calibrate', calibration, '--out', out];
  return runTessera<ProveReport>([...args, ...planFlags(choice), ...flags], { home, signal });
}
