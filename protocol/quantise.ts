/** Floats to integers at a scale and back, as ezkl 23 does it (`quantize_float`): round(x · 2^scale), half away from zero. */
import { TesseraError } from './errors.ts';

/** Integers beyond this do not fit the 128 bits that ezkl computes in. */
const limit = 2 ** 127;

/**
 * The integers that stand for floats.
 *
 * @param values in row-major order
 * @param scale fractional bits, −64..64
 * @throws TesseraError `INPUT_INVALID` for NaN and infinities, `RANGE_EXCEEDED` from 2^127 on; `details.index` is the place
 */
export function quantise(values: ArrayLike<number>, scale: number): bigint[] {
  const multiplier = 2 ** scale;
  return Array.from(values, (value, index) => {
    if (!Number.isFinite(value)) {
      throw new TesseraError('INPUT_INVALID', { message: `Value ${index} is ${value}`, details: { index } });
    }
    const scaled = value * multiplier;
    if (Math.abs(scaled) >= limit) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `Value ${index} (${value}) is too large for scale ${scale}`,
        details: { index },
      });
    }
    return BigInt(roundHalfAway(scaled));
  });
}

/** The floats that integers at a scale stand for, each to the nearest double. */
export function dequantise(values: readonly bigint[], scale: number): Float64Array {
  return Float64Array.from(values, (value) => Number(value) / 2 ** scale);
}

/** `Math.round` takes halves towards +∞ instead. The difference below is exact, so no double rounds twice. */
function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}
