import { type Bounds, checkMagnitude, magnitude } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';
import { rangeExceeded } from './requantise.ts';

/**
 * Maxima over a window that slides along one axis; places outside the tensor do not count. Max-pooling is two of these.
 * Neighbours are compared as a knock-out tournament, and every difference must lie in (−2^bits, 2^bits).
 */
export interface Maximum {
  kind: 'maximum';
  axis: number;
  kernel: number;
  stride: number;
  dilation: number;
  /** Places before the first element. */
  pad: number;
  /** Positions of the window. */
  positions: number;
  /** 0..52. */
  bits: number;
}

/** The elements along the axis that position `position` covers: first, step, count. */
export function covered(
  operation: Pick<Maximum, 'kernel' | 'stride' | 'dilation' | 'pad'>,
  position: number,
  length: number,
): [number, number, number] {
  const { kernel, stride, dilation, pad } = operation;
  const start = position * stride - pad;
  const skipped = start < 0 ? Math.ceil(-start / dilation) : 0;
  const first = start + skipped * dilation;
  const count = Math.min(kernel - skipped, Math.floor((length - 1 - first) / dilation) + 1);
  return [first, dilation, count];
}

/** Sizes before, along and after the axis. */
export function axisSizes(
  shape: readonly number[],
  axis: number,
): [outer: number, length: number, inner: number] {
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis] as number, product(shape.slice(axis + 1))];
}

function shape(operation: Maximum, [input]: readonly QuantisedTensor[]): readonly number[] {
  const source = (input as QuantisedTensor).shape;
  const { axis, kernel, stride, dilation, pad, positions, bits } = operation;
  const length = source[axis];
  requireValid(
    length !== undefined &&
      [kernel, stride, dilation, positions].every((field) => Number.isInteger(field) && field >= 1) &&
      Number.isInteger(pad) &&
      pad >= 0 &&
      Number.isInteger(bits) &&
      bits >= 0 &&
      bits <= 52,
    'A maximum has an axis of its input, a kernel, stride, dilation and positions of at least 1, and 0..52 bits.',
  );
  // Where the window is dilated, one in the middle may cover nothing though the first and the last do not.
  for (let position = 0; position < positions; position++) {
    requireValid(
      covered(operation, position, length)[2] >= 1,
      `The window at position ${position} covers no element.`,
    );
  }
  return source.with(axis, positions);
}

function bounds(_: Maximum, [input]: readonly QuantisedTensor[]): Bounds {
  const { lo, hi } = input as QuantisedTensor;
  checkMagnitude(2 * magnitude({ lo, hi }), 'A difference within a maximum');
  return { lo, hi };
}

/** Folds values pairwise until one is left: the order that the circuit follows too. */
export function tournament<T>(contestants: T[], compare: (left: T, right: T) => T): T {
  let round = contestants;
  while (round.length > 1) {
    const next: T[] = [];
    for (let i = 0; i + 1 < round.length; i += 2) next.push(compare(round[i] as T, round[i + 1] as T));
    if (round.length % 2 === 1) next.push(round.at(-1) as T);
    round = next;
  }
  return round[0] as T;
}

function evaluate(
  operation: Maximum,
  [input]: readonly Values[],
  [tensor]: readonly QuantisedTensor[],
): Values {
  const values = input as Values;
  const [outer, length, inner] = axisSizes((tensor as QuantisedTensor).shape, operation.axis);
  const output = new Float64Array(outer * operation.positions * inner);
  const limit = 2 ** operation.bits;
  let target = 0;
  const larger = (left: number, right: number): number => {
    const difference = left - right;
    if (Math.abs(difference) >= limit) throw rangeExceeded(target, difference, -limit + 1, limit - 1);
    return difference >= 0 ? left : right;
  };
  for (let o = 0; o < outer; o++) {
    for (let position = 0; position < operation.positions; position++) {
      const [first, step, count] = covered(operation, position, length);
      for (let i = 0; i < inner; i++) {
        const contestants = Array.from(
          { length: count },
          (_, k) => values[(o * length + first + k * step) * inner + i] as number,
        );
        output[target] = tournament(contestants, larger);
        target++;
      }
    }
  }
  return output;
}

export const maximum: Operator<Maximum> = { shape, bounds, evaluate };
