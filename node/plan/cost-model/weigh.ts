/** A linear prediction: the sum of features, each times its weight. */
export function weigh(weights: readonly number[], features: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (features[i] ?? 0), 0);
}
