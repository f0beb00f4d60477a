import { mkdtemp } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../../node/artifacts/cache.ts';
import { importModel } from '../../node/model/import/index.ts';
import { packageRoot } from '../../node/package.ts';
import { createGroth16Prover } from '../../node/provers/groth16/prover.ts';
import { workerPath } from '../../node/provers/groth16/worker-path.ts';
import { quantise } from '../../protocol/quantise.ts';
import { megabyte } from '../against-ezkl.ts';
import type { Benchmark, FigureMark } from '../benchmark.ts';
import { sameClass } from '../classes.ts';
import { calibrationDigits, testDigits } from '../digits.ts';
import { committedSegment } from '../groth16/committed-segment.ts';
import { timedSteps } from '../groth16/timed-steps.ts';
import { median, repeat } from '../repeat.ts';
import { judge } from '../row.ts';

const model = 'lenet';
const figures = {
  proof: { name: 'groth16-lenet/input to proof', unit: 's', mark: { of: 'ratio', atMost: 1 / 200 } },
  witness: { name: 'groth16-lenet/witness', unit: 's', mark: { of: 'value', atMost: 0.25 } },
  memory: { name: 'groth16-lenet/prover process', unit: 'MB', mark: { of: 'value', atMost: 300 } },
  setup: { name: 'groth16-lenet/setup', unit: 's', mark: { of: 'ratio', atMost: 1 / 3 } },
  building: { name: 'groth16-lenet/circuit', unit: 's', mark: { of: 'value', atMost: 2 } },
} as const satisfies Record<string, FigureMark>;

/**
 * The whole LeNet by Tessera's own circuits, input and output committed: from the pixels to the proof with the circuit
 * compiled and the key loaded, against what ezkl takes to prove the whole with its defaults.
 */
export const groth16Lenet: Benchmark = {
  name: 'groth16-lenet',
  marks: Object.values(figures),
  async run({ installation, scratch, signal, say, baseline }) {
    const { model: lenet } = await importModel(join(packageRoot, 'models', `${model}.onnx`), { signal });
    const digits = await testDigits();
    const { source, params } = await committedSegment(lenet, await calibrationDigits(), signal);
    const directory = await mkdtemp(join(scratch, 'groth16-'));
    const worker = await workerPath(installation.directory.groth16);
    // What it takes is measured.
    const memoryLimit = totalmem();
    const fromNothing = async () => {
      const cache = new ArtifactCache({
        directory: await mkdtemp(join(directory, 'cache-')),
        maxBytes: Number.MAX_SAFE_INTEGER,
      });
      const prover = createGroth16Prover({ worker, cache, directory });
      const { onProgress, use } = timedSteps();
      const segment = await prover.compile(source, params, { memoryLimit, signal, onProgress });
      return { prover, segment, seconds: use('setup').seconds, building: use('compile').seconds };
    };

    const made = await repeat(fromNothing);
    const { prover, segment } = made[0];
    try {
      const scale = segment.circuit.inputs[0]?.scale ?? 0;
      const integers = (digit: Float32Array) => [quantise(Float64Array.from(digit), scale)];
      const prove = async (digit: Float32Array) => {
        const { onProgress, use } = timedSteps();
        const started = performance.now();
        await prover.prove(segment, integers(digit), { memoryLimit, signal, onProgress });
        const seconds = (performance.now() - started) / 1000;
        return { seconds, witness: use('execute').seconds, peakBytes: use('prove').peakBytes };
      };
      const [first, ...others] = digits as [Float32Array, ...Float32Array[]];
      // Loads the key.
      await prove(first);
      const next = others.values();
      const proofs = await repeat(() => prove(next.next().value as Float32Array));
      say('executing the circuit on 50 digits');
      const fidelity = await sameClass(
        lenet,
        digits,
        async (digit) =>
          (await prover.execute(segment, integers(digit), { memoryLimit, signal })).outputs[0] ?? [],
        signal,
      );
      const whole = await baseline(model);
      return {
        rows: [
          judge({
            ...figures.proof,
            value: median(proofs.map(({ seconds }) => seconds)),
            baseline: whole.steps.prove,
            fidelity,
          }),
          judge({ ...figures.witness, value: median(proofs.map(({ witness }) => witness)), fidelity }),
          judge({
            ...figures.memory,
            value: Math.max(...proofs.map(({ peakBytes }) => peakBytes)) / megabyte,
            baseline: whole.peakBytes / megabyte,
            fidelity,
          }),
          judge({
            ...figures.setup,
            value: median(made.map(({ seconds }) => seconds)),
            baseline: whole.steps.setup,
            fidelity,
          }),
          judge({ ...figures.building, value: median(made.map(({ building }) => building)), fidelity }),
        ],
        detail: { constraints: segment.constraints, baseline: whole },
      };
    } finally {
      await Promise.all(made.map((run) => run.prover.close()));
    }
  },
};
