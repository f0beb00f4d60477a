/**
 * Fits the cost model to what the measuring scripts beside this one wrote, prints its errors on samples that the fit
 * did not see, and writes node/plan/cost-model/coefficients.ts.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { coefficients } from '../../node/plan/cost-model/coefficients.ts';
import { ezklFigures } from './ezkl-figures.ts';
import { type Figures, fitFigures, judgeFigures, parallelism } from './figures.ts';
import { groth16Figures } from './groth16-figures.ts';
import type { Taken } from './measured-worker.ts';
import type { EzklProofMeasurements, Groth16Measurements, Measurements } from './measurements.ts';

type Coefficients = Readonly<Record<string, number | readonly number[]>>;

async function read<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8')) as T;
}

const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;

/** A machine that did other work meanwhile says nothing of how many cores a prover keeps busy: then the earlier value stays. */
const wasIdle = ({ loadAverage, machine }: Measurements<unknown>) => loadAverage < machine.cores + 1;

function fitProver<Sample extends { setup: Taken; prove: Taken }>(
  prover: keyof typeof coefficients,
  figures: Figures<Sample>,
  measurements: Measurements<Sample>,
): Coefficients {
  const { samples } = measurements;
  for (const [figure, { median, largest }] of Object.entries(judgeFigures(figures, samples))) {
    console.log(
      `${prover} ${figure}: median error ${percent(median)}, largest ${percent(largest)} on ${samples.length} samples held out in turn`,
    );
  }
  const requests = samples.flatMap(({ setup, prove }) => [setup, prove]);
  return {
    ...fitFigures(figures, samples),
    parallelism: wasIdle(measurements) ? parallelism(requests) : coefficients[prover].parallelism,
  };
}

function source(name: string, coefficients: Coefficients): string {
  const lines = Object.entries(coefficients).map(([figure, value]) => {
    const text = typeof value === 'number' ? value : `[${value.join(', ')}]`;
    return `    ${figure}: ${text},`;
  });
  return `  ${name}: {\n${lines.join('\n')}\n  },`;
}

const ezkl = await read<EzklProofMeasurements>('./ezkl-proofs.json');
const groth16 = await read<Groth16Measurements>('./groth16.json');
await writeFile(
  new URL('../../node/plan/cost-model/coefficients.ts', import.meta.url),
  `/** Fitted by bench/measurements/fit.ts: bytes, seconds of one core, and cores kept busy. */
export const coefficients = {
${source('ezkl', fitProver('ezkl', ezklFigures, ezkl))}
${source('groth16', fitProver('groth16', groth16Figures, groth16))}
} as const;
`,
);
