import type { Interval } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { CAPACITY_BITS } from './constants.ts';

/** How values of one interval share field elements. */
export interface Packing {
  /** Bits that one value less the interval's `lo` takes, 1..253. */
  bits: number;
  /** Values in one field element. */
  perElement: number;
}

/**
 * The packing of an interval: as many values to an element as fit without wrapping around.
 * @throws TesseraError `RANGE_EXCEEDED` when the interval is empty or one value does not fit an element.
 */
export function packing(interval: Interval): Packing {
  if (interval.hi < interval.lo) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `The interval [${interval.lo}, ${interval.hi}] is empty.`,
    });
  }
  const span = interval.hi - interval.lo;
  const bits = span === 0n ? 1 : span.toString(2).length;
  if (bits > CAPACITY_BITS) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `A value of ${bits} bits does not fit a field element of ${CAPACITY_BITS}.`,
      details: { bits, capacity: CAPACITY_BITS },
    });
  }
  return { bits, perElement: Math.floor(CAPACITY_BITS / bits) };
}

/**
 * Packs values in order, the first in the lowest bits: element j is Σᵢ (values[j·n + i] − lo) · 2^(bits·i).
 * @returns ⌈values.length / perElement⌉ elements, each below 2^253
 * @throws TesseraError `RANGE_EXCEEDED` for a value outside the interval: packed, it would borrow from its neighbour.
 */
export function pack(values: readonly bigint[], interval: Interval): bigint[] {
  const { bits, perElement } = packing(interval);
  const shift = BigInt(bits);
  const elements: bigint[] = [];
  for (let start = 0; start < values.length; start += perElement) {
    let element = 0n;
    for (let i = Math.min(start + perElement, values.length) - 1; i >= start; i--) {
      const value = values[i] as bigint;
      if (value < interval.lo || value > interval.hi) {
        throw new TesseraError('RANGE_EXCEEDED', {
          message: `Value ${value} at index ${i} is outside [${interval.lo}, ${interval.hi}].`,
          details: { index: i, value: value.toString() },
        });
      }
      element = (element << shift) + (value - interval.lo);
    }
    elements.push(element);
  }
  return elements;
}
