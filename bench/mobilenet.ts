import { mkdtemp } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../node/artifacts/cache.ts';
import { importModel } from '../node/model/import/index.ts';
import { writeModel } from '../node/model/onnx/index.ts';
import { randomInputs } from '../node/model/random-inputs.ts';
import { formatStrategy } from '../node/model/slice/index.ts';
import { calibrateModel, tileRanges } from '../node/plan/calibration.ts';
import { groth16Cost } from '../node/plan/cost-model/groth16-cost.ts';
import { multiplications } from '../node/plan/cost-model/multiplications.ts';
import { type CutModel, cutModel } from '../node/plan/cut.ts';
import { segmentEstimator } from '../node/plan/estimate.ts';
import { createGroth16Prover } from '../node/provers/groth16/prover.ts';
import { workerPath } from '../node/provers/groth16/worker-path.ts';
import type { Prover } from '../node/provers/prover.ts';
import type { Benchmark, FigureMark } from './benchmark.ts';
import { type ChainedSegment, segmentChain } from './groth16/segment-chain.ts';
import { timedSteps } from './groth16/timed-steps.ts';
import { mobilenetV2 } from './models/mobilenet-v2.ts';
import { judge, type Row } from './row.ts';
import { makespan } from './schedule.ts';

export interface Mobilenet {
  name: string;
  /** Rows and columns of the image. */
  side: number;
  /** Bytes that one prover process may take. */
  memory: number;
  /** Segments that are proven, from the cheapest to the dearest. */
  samples: number;
}

const peers = [1, 16, 64] as const;
const calibrationImages = 4;
/** Fractional bits that estimates of ezkl's circuits would take; here there are none. */
const scale = 7;

interface ProvenSample {
  id: string;
  constraints: number;
  setupSeconds: number;
  proveSeconds: number;
  peakBytes: number;
  predicted: ReturnType<typeof groth16Cost>;
}

/**
 * MobileNetV2 by Tessera's own circuits: every segment is compiled and executed, a sample is proven, and the time of the
 * whole is what the cost model says of the segments as they were compiled.
 */
export function mobilenet({ name, side, memory, samples }: Mobilenet): Benchmark {
  const figure = (part: string, unit: Row['unit']): FigureMark => ({ name: `${name}/${part}`, unit });
  return {
    name,
    marks: [],
    async run({ installation, scratch, signal, say }) {
      const path = join(scratch, `${name}.onnx`);
      await writeModel(mobilenetV2(side), path, { signal });
      const { model: whole } = await importModel(path, { signal });
      const directory = await mkdtemp(join(scratch, 'groth16-'));
      const prover = createGroth16Prover({
        worker: await workerPath(installation.directory.groth16),
        cache: new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: Number.MAX_SAFE_INTEGER }),
        directory,
      });
      try {
        const estimate = segmentEstimator({ provers: new Map([[prover.name, prover]]), scale });
        const cut = cutModel(whole, { kind: 'limits', limits: { memory } }, estimate, { signal });
        say(`compiling ${cut.slicing.segments.length} segments`);
        const segments = await compileAll(cut, signal);
        const costs = segments.map(({ constraints, terms }) => groth16Cost(constraints, terms));
        const proven: ProvenSample[] = [];
        for (const segment of quantiles(segments, samples)) {
          say(`proving ${segment.id}: ${segment.constraints} constraints`);
          proven.push(await proveSample(prover, segment, signal));
        }
        const constraints = segments.map((segment) => segment.constraints);
        return {
          rows: [
            judge({ ...figure('multiplications', 'multiplications'), value: multiplications(whole) }),
            judge({ ...figure('segments', 'segments'), value: segments.length }),
            judge({ ...figure('constraints', 'constraints'), value: sum(constraints) }),
            judge({ ...figure('largest segment', 'constraints'), value: Math.max(...constraints) }),
            ...peers.map((count) =>
              judge({
                ...figure(`predicted proving on ${count} ${count === 1 ? 'peer' : 'peers'}`, 's'),
                value: makespan(
                  costs.map(({ proveSeconds }) => proveSeconds),
                  count,
                ),
              }),
            ),
            judge({
              ...figure('predicted setup, once', 's'),
              value: sum(costs.map(({ setupSeconds }) => setupSeconds)),
            }),
            judge({ ...figure('sample proven', 'segments'), value: proven.length }),
            judge({
              ...figure('sample, measured against predicted', '%'),
              value: worstError(proven),
            }),
          ],
          detail: {
            strategy: formatStrategy(cut.strategy),
            segments: segments.map(({ id, constraints, terms }) => ({ id, constraints, terms })),
            proven,
          },
        };
      } finally {
        await prover.close();
      }
    },
  };
}

async function compileAll(cut: CutModel, signal: AbortSignal): Promise<ChainedSegment[]> {
  const { model, slicing } = cut;
  const calibration = Array.from({ length: calibrationImages }, (_, seed) => randomInputs(model, seed));
  const ranges = tileRanges(await calibrateModel(cut.rewritten, calibration, { signal }), cut.origins);
  const input = calibration[0]?.get(model.inputs[0] ?? '')?.data as Float32Array;
  const segments: ChainedSegment[] = [];
  for await (const segment of segmentChain({ model, slicing, ranges, input, signal })) segments.push(segment);
  return segments;
}

async function proveSample(
  prover: Prover,
  segment: ChainedSegment,
  signal: AbortSignal,
): Promise<ProvenSample> {
  const { onProgress, use } = timedSteps();
  // What it takes is measured.
  const options = { memoryLimit: totalmem(), signal, onProgress };
  const compiled = await prover.compile(segment.source, segment.params, options);
  const integers = segment.inputs.map((values) => Array.from(values, BigInt));
  await prover.prove(compiled, integers, options);
  return {
    id: segment.id,
    constraints: segment.constraints,
    setupSeconds: use('setup').seconds,
    proveSeconds: use('prove').seconds,
    peakBytes: Math.max(use('setup').peakBytes, use('prove').peakBytes),
    predicted: groth16Cost(segment.constraints, segment.terms),
  };
}

/** So many segments, from the one of fewest constraints to the one of most, evenly apart. */
function quantiles(segments: readonly ChainedSegment[], count: number): ChainedSegment[] {
  const sorted = segments.toSorted((a, b) => a.constraints - b.constraints);
  const last = sorted.length - 1;
  const places = Array.from({ length: count }, (_, i) => Math.round((i * last) / Math.max(1, count - 1)));
  return [...new Set(places)].flatMap((place) => sorted[place] ?? []);
}

/** Percent by which setup and proof of a sample took more or less than was predicted, at most. */
function worstError(proven: readonly ProvenSample[]): number {
  const errors = proven.map(({ setupSeconds, proveSeconds, predicted }) =>
    Math.abs((predicted.setupSeconds + predicted.proveSeconds) / (setupSeconds + proveSeconds) - 1),
  );
  return 100 * Math.max(0, ...errors);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
