import { fcnnlsVector } from 'ml-fcnnls';

/** One measured value and what it is taken to be linear in. */
export interface Observation {
  features: readonly number[];
  value: number;
}

/** Weights, none negative, that minimise the squares of the relative errors. Values must not be zero. */
export function fitRelative(observations: readonly Observation[]): number[] {
  // Features of very different sizes make the system ill-conditioned: each is scaled to at most 1.
  const width = observations[0]?.features.length ?? 0;
  const scales = Array.from({ length: width }, (_, i) =>
    Math.max(...observations.map(({ features, value }) => (features[i] ?? 0) / value)),
  );
  const rows = observations.map(({ features, value }) =>
    features.map((feature, i) => feature / value / (scales[i] ?? 1)),
  );
  const { K } = fcnnlsVector(
    rows,
    observations.map(() => 1),
  );
  return K.to1DArray().map((weight, i) => weight / (scales[i] ?? 1));
}

/** Relative errors of predictions, `predicted / measured − 1`: the median of their magnitudes, and the largest. */
export function relativeErrors(pairs: readonly { predicted: number; measured: number }[]): {
  median: number;
  largest: number;
} {
  const errors = pairs
    .map(({ predicted, measured }) => Math.abs(predicted / measured - 1))
    .sort((a, b) => a - b);
  return { median: errors[Math.floor(errors.length / 2)] ?? 0, largest: errors.at(-1) ?? 0 };
}
