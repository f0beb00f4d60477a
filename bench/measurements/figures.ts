import { weigh } from '../../node/plan/cost-model/weigh.ts';
import { fitRelative, type Observation, relativeErrors } from './non-negative-fit.ts';

/** Weights by figure. */
export type Weights = Readonly<Record<string, readonly number[]>>;

/**
 * What was measured of a sample, and what it is taken to be linear in. With weights, what rests on another figure
 * rests on its prediction, as it will when it is used; without, on what was measured.
 */
export type Observe<Sample> = (sample: Sample, weights?: Weights) => Observation;

export type Figures<Sample> = Readonly<Record<string, Observe<Sample>>>;

/** Four digits are more than the measurements have. */
const significant = (value: number) => Number(value.toPrecision(4));
const turns = 4;

export function fitFigures<Sample>(figures: Figures<Sample>, samples: readonly Sample[]): Weights {
  return Object.fromEntries(
    Object.entries(figures).map(([name, observe]) => [
      name,
      fitRelative(samples.map((sample) => observe(sample))).map(significant),
    ]),
  );
}

/** Errors of each figure on samples that the fit did not see: every fourth is held out, in four turns. */
export function judgeFigures<Sample>(
  figures: Figures<Sample>,
  samples: readonly Sample[],
): Record<string, { median: number; largest: number }> {
  const held = (turn: number) => (_: Sample, index: number) => index % turns === turn;
  const rounds = Array.from({ length: turns }, (_, turn) => {
    const weights = fitFigures(
      figures,
      samples.filter((sample, index) => !held(turn)(sample, index)),
    );
    return { weights, judged: samples.filter(held(turn)) };
  });
  return Object.fromEntries(
    Object.entries(figures).map(([name, observe]) => [
      name,
      relativeErrors(
        rounds.flatMap(({ weights, judged }) =>
          judged.map((sample) => {
            const { features, value } = observe(sample, weights);
            return { predicted: weigh(weights[name] ?? [], features), measured: value };
          }),
        ),
      ),
    ]),
  );
}

/**
 * Cores that a prover keeps busy on average: by requests that take long enough, and of these by the upper tenth, since
 * whatever else runs on the machine can only lower it.
 */
export function parallelism(requests: readonly { seconds: number; cpuSeconds: number }[]): number {
  const ratios = requests
    .filter(({ seconds }) => seconds > 0.5)
    .map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)
    .sort((a, b) => a - b);
  return significant(ratios[Math.floor(0.9 * ratios.length)] ?? 1);
}
