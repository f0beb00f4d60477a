import type { Tensor } from 'onnxruntime-node';
import type { NamedTensors } from './inference.ts';

/** How two runs of the same computation differ. */
export interface Comparison {
  maxAbsError: number;
  /** Largest |a−b| / |b| over elements where b is not 0. */
  maxRelError: number;
  /** Largest difference that is allowed in any element. */
  tolerance: number;
  equal: boolean;
  /** What is not equal, in words; empty when all is. */
  differences: readonly string[];
}

/** Allowed for floats: |a−b| ≤ absolute·max|b| + relative·|b|, element by element. */
const allowed = { absolute: 1e-5, relative: 1e-4 };

/**
 * Compares outputs by name: same shapes and types, integers identical, NaN and infinities in the same places, floats
 * within |a−b| ≤ 1e-5·max|b| + 1e-4·|b|.
 *
 * @param expected b above
 */
export function compare(expected: NamedTensors, actual: NamedTensors): Comparison {
  const differences: string[] = [];
  let [maxAbsError, maxRelError, tolerance] = [0, 0, 0];
  for (const [name, b] of expected) {
    const a = actual.get(name);
    if (a === undefined || a.type !== b.type || String(a.dims) !== String(b.dims)) {
      const found = a === undefined ? 'nothing' : `${a.type}[${a.dims}]`;
      differences.push(`${name}: ${found} instead of ${b.type}[${b.dims}]`);
      continue;
    }
    const result = b.type.startsWith('float') ? compareFloats(a, b) : compareExactly(a, b);
    maxAbsError = Math.max(maxAbsError, result.maxAbsError);
    maxRelError = Math.max(maxRelError, result.maxRelError);
    tolerance = Math.max(tolerance, result.tolerance);
    if (result.unequal > 0) differences.push(`${name}: ${result.unequal} of ${b.size} elements differ`);
  }
  for (const name of actual.keys()) {
    if (!expected.has(name)) differences.push(`${name}: not expected`);
  }
  return { maxAbsError, maxRelError, tolerance, equal: differences.length === 0, differences };
}

interface ElementsComparison {
  maxAbsError: number;
  maxRelError: number;
  tolerance: number;
  unequal: number;
}

/** Integers, truth values and strings; only numbers have a distance. */
function compareExactly(a: Tensor, b: Tensor): ElementsComparison {
  const [left, right] = [a.data as ArrayLike<unknown>, b.data as ArrayLike<unknown>];
  const result = { maxAbsError: 0, maxRelError: 0, tolerance: 0, unequal: 0 };
  for (let i = 0; i < right.length; i++) {
    const [x, y] = [left[i], right[i]];
    if (x === y) continue;
    result.unequal++;
    if (!isInteger(x) || !isInteger(y)) continue;
    const error = Math.abs(Number(BigInt(x) - BigInt(y)));
    const size = Math.abs(Number(y));
    result.maxAbsError = Math.max(result.maxAbsError, error);
    if (size > 0) result.maxRelError = Math.max(result.maxRelError, error / size);
  }
  return result;
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function compareFloats(a: Tensor, b: Tensor): ElementsComparison {
  const [left, right] = [a.data as ArrayLike<number>, b.data as ArrayLike<number>];
  let largest = 0;
  for (let i = 0; i < right.length; i++) {
    const magnitude = Math.abs(right[i] ?? 0);
    if (Number.isFinite(magnitude) && magnitude > largest) largest = magnitude;
  }
  const result = { maxAbsError: 0, maxRelError: 0, tolerance: allowed.absolute * largest, unequal: 0 };
  for (let i = 0; i < right.length; i++) {
    const [x, y] = [left[i] ?? Number.NaN, right[i] ?? Number.NaN];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      if (!Object.is(x, y)) result.unequal++;
      continue;
    }
    const error = Math.abs(x - y);
    const bound = allowed.absolute * largest + allowed.relative * Math.abs(y);
    result.maxAbsError = Math.max(result.maxAbsError, error);
    if (y !== 0) result.maxRelError = Math.max(result.maxRelError, error / Math.abs(y));
    result.tolerance = Math.max(result.tolerance, bound);
    if (error > bound) result.unequal++;
  }
  return result;
}
