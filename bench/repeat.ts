/** Runs below this many seconds are made three times. */
const repeatBelow = 30;
const repetitions = 3;

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values have no median');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] as number) + (sorted[Math.ceil(at)] as number)) / 2;
}

/** Makes a run once, or three times where it is short: short times vary most. */
export async function repeat<T extends { seconds: number }>(run: () => Promise<T>): Promise<[T, ...T[]]> {
  const runs: [T, ...T[]] = [await run()];
  while (runs[0].seconds < repeatBelow && runs.length < repetitions) runs.push(await run());
  return runs;
}

/** What a row states of several runs: the median of their times, the largest of their peaks. */
export function summarise(runs: readonly { seconds: number; peakBytes: number }[]): {
  seconds: number;
  peakBytes: number;
} {
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}
