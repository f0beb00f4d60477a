/** The least and the largest value a float tensor took. */
export interface FloatRange {
  min: number;
  max: number;
}

/** Largest absolute value of a range. */
export function extent({ min, max }: FloatRange): number {
  return Math.max(Math.abs(min), Math.abs(max));
}

/** The largest scale, −32..32, at which numbers up to `largest` in magnitude need no more than `bits` bits. */
export function scaleFor(largest: number, bits: number): number {
  let scale = 32;
  while (scale > -32 && Math.round(largest * 2 ** scale) >= 2 ** bits) scale--;
  return scale;
}

/** Bits that integers up to `largest` in magnitude need. */
export function bitsFor(largest: number): number {
  let bits = 0;
  while (2 ** bits <= largest) bits++;
  return bits;
}

/** The nearest integers of x·2^scale, halves upwards, never −0. */
export function quantiseFloats(values: ArrayLike<number>, scale: number): Float64Array {
  return Float64Array.from(values, (value) => Math.floor(value * 2 ** scale + 0.5) + 0);
}

/** The numbers that integers at a scale stand for. */
export function dequantise(values: ArrayLike<number>, scale: number): Float64Array {
  return Float64Array.from(values, (value) => value / 2 ** scale);
}
