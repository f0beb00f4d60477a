import type { OutputComparison } from '../requester/compare-outputs.ts';
import { printable } from './printable.ts';

const shownValues = 10;

/** The first values of a tensor. */
export function showValues(values: ArrayLike<number>, show: (value: number) => string): string {
  const shown = Array.from({ length: Math.min(shownValues, values.length) }, (_, i) => show(values[i] ?? 0));
  return `${shown.join(' ')}${values.length > shownValues ? ' …' : ''}`;
}

/** Each output in floats and as it was proven, line by line. */
export function describeOutputs(outputs: readonly OutputComparison[]): string[] {
  const show = (values: Float64Array) => showValues(values, (value) => value.toFixed(3));
  return outputs.flatMap(({ name, float, proven, maxDifference }) => [
    `${printable(name)} in floats: ${show(float)}`,
    `${printable(name)} proven:    ${show(proven)}`,
    `largest difference: ${maxDifference.toPrecision(3)}`,
  ]);
}
