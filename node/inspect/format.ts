import type { TensorShape } from './layer.ts';

/** A count for people, e.g. `1.2M`. */
export function showCount(count: number | null): string {
  return count === null
    ? '–'
    : new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(count);
}

/** Seconds for people: tenths while they are few, then minutes, hours and days. */
export function showSeconds(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ] as const;
  const [size, unit] = units.find(([size]) => seconds >= 2 * size) ?? [1, 's'];
  return `${(seconds / size).toFixed(seconds / size < 10 ? 1 : 0)} ${unit}`;
}

/** Shapes side by side, e.g. `1×3×28×28`. */
export function showShapes(tensors: readonly TensorShape[]): string {
  return tensors.map(({ shape }) => (shape.length === 0 ? 'scalar' : shape.join('×'))).join(', ');
}
