/**
 * Fits the cost model to what the measuring scripts beside this one wrote, prints its errors on samples that the fit
 * did not see, and writes node/plan/cost-model/coefficients.ts.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { columnBytes, columnFeatures } from '../../node/plan/cost-model/ezkl-columns.ts';
import type { EzklProofMeasurement, EzklProofMeasurements } from './measurements.ts';
import { fitRelative, type Observation, relativeErrors } from './non-negative-fit.ts';

const significant = (value: number) => Number(value.toPrecision(4));

/** Each fitted figure: what it is linear in, and what was measured. */
const ezklFigures = {
  keyColumns: (sample: EzklProofMeasurement): Observation => ({
    features: columnFeatures(sample.rows, sample),
    value: sample.provingKeyBytes / columnBytes(sample),
  }),
  setupBytes: onKey(({ setup }) => setup.peakBytes),
  proveBytes: onKey(({ prove }) => prove.peakBytes),
  setupCpuSeconds: onKey(({ setup }) => setup.cpuSeconds),
  proveCpuSeconds: onKey(({ prove }) => prove.cpuSeconds),
  proofBytes: (sample: EzklProofMeasurement): Observation => ({
    features: columnFeatures(sample.rows, sample),
    value: sample.proofBytes,
  }),
};

function onKey(value: (sample: EzklProofMeasurement) => number) {
  return (sample: EzklProofMeasurement): Observation => ({
    features: [1, sample.provingKeyBytes],
    value: value(sample),
  });
}

type Figure = keyof typeof ezklFigures;

function fitEzkl(samples: readonly EzklProofMeasurement[]): Record<Figure, number[]> {
  const fitted = Object.entries(ezklFigures).map(([name, observe]) => [
    name,
    fitRelative(samples.map(observe)).map(significant),
  ]);
  return Object.fromEntries(fitted) as Record<Figure, number[]>;
}

/**
 * Cores that a prover keeps busy on average: by samples that take long enough, and of these by the upper tenth, since
 * whatever else runs on the machine can only lower it.
 */
function parallelism(samples: readonly EzklProofMeasurement[]): number {
  const ratios = samples
    .flatMap(({ setup, prove }) => [setup, prove])
    .filter(({ seconds }) => seconds > 1)
    .map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)
    .sort((a, b) => a - b);
  return significant(ratios[Math.floor(0.9 * ratios.length)] ?? 1);
}

/** Every fourth sample judges a fit of the others, in four turns. */
function judge(samples: readonly EzklProofMeasurement[]): void {
  const folds = [0, 1, 2, 3].map((turn) => {
    const weights = fitEzkl(samples.filter((_, i) => i % 4 !== turn));
    return { weights, held: samples.filter((_, i) => i % 4 === turn) };
  });
  for (const figure of Object.keys(ezklFigures) as Figure[]) {
    const errors = relativeErrors(
      folds.flatMap(({ weights, held }) =>
        held.map((sample) => {
          const { features, value } = ezklFigures[figure](sample);
          // What is linear in the key rests on the predicted key, as it will when it is used.
          const key = ezklFigures.keyColumns(sample).features;
          const known =
            figure === 'keyColumns' || figure === 'proofBytes'
              ? features
              : [1, columnBytes(sample) * dot(weights.keyColumns, key)];
          return { predicted: dot(weights[figure], known), measured: value };
        }),
      ),
    );
    console.log(
      `ezkl ${figure}: median error ${percent(errors.median)}, largest ${percent(errors.largest)} on ${samples.length} samples held out in turn`,
    );
  }
}

function dot(weights: readonly number[], features: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (features[i] ?? 0), 0);
}

const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;

async function read<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8')) as T;
}

const { samples } = await read<EzklProofMeasurements>('./ezkl-proofs.json');
judge(samples);
const ezkl = { ...fitEzkl(samples), parallelism: parallelism(samples) };
const lists = (values: Record<string, number | readonly number[]>) =>
  Object.entries(values)
    .map(([name, value]) => `    ${name}: ${typeof value === 'number' ? value : `[${value.join(', ')}]`},`)
    .join('\n');
await writeFile(
  new URL('../../node/plan/cost-model/coefficients.ts', import.meta.url),
  `/** Fitted by bench/measurements/fit.ts; bytes, and seconds of one core. What each is linear in says the module that uses it. */
export const coefficients = {
  ezkl: {
${lists(ezkl)}
  },
} as const;
`,
);
