/** How near the values of a proven tensor are to the float model’s. */
export interface Closeness {
  /** The largest absolute difference of two elements. */
  maxDifference: number;
  /** The largest magnitude of the float model’s elements: what the difference is to be judged by. */
  maxMagnitude: number;
  /** Of a vector: whether the same places hold its largest element; null for any other tensor. */
  sameClass: boolean | null;
}

/** @param shape of both */
export function closeness(float: Float64Array, proven: Float64Array, shape: readonly number[]): Closeness {
  return {
    maxDifference: largest(float.map((x, i) => Math.abs(x - (proven[i] ?? Number.NaN)))),
    maxMagnitude: largest(float.map(Math.abs)),
    sameClass: shape.filter((size) => size > 1).length === 1 ? isSameClass(float, proven) : null,
  };
}

const largest = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

/** Where circuits are too coarse to tell elements apart, several are largest: that is no agreement with one. */
function isSameClass(float: Float64Array, proven: Float64Array): boolean {
  const [mostFloat, mostProven] = [largest(float), largest(proven)];
  return float.every((x, i) => (x === mostFloat) === (proven[i] === mostProven));
}

/** A difference above this part of the largest magnitude is no rounding that whoever proves would expect. */
const tolerance = 1 / 10;

/** What whoever proves has to know of an output that is not what the float model gives, in words; nothing of others. */
export function unfaithful({ maxDifference, maxMagnitude, sameClass }: Closeness): string | undefined {
  const differs = !(maxDifference <= tolerance * maxMagnitude);
  const reasons = [
    ...(sameClass === false ? ['another class than the float model gives'] : []),
    ...(differs
      ? [
          `a largest difference of ${maxDifference.toPrecision(3)}, where the largest magnitude is ${maxMagnitude.toPrecision(3)}`,
        ]
      : []),
  ];
  return reasons.length === 0 ? undefined : reasons.join(', and ');
}
