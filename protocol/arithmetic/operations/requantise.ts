import { TesseraError } from '../../errors.ts';
import { type Bounds, checkMagnitude, magnitude } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';

/**
 * Drops `shift` fractional bits, rounding to nearest (halves upwards): q = ⌊(x + 2^(shift−1)) / 2^shift⌋, and q = x
 * for shift 0. q must lie in [−2^bits, 2^bits). With `rectify` the output is max(q, 0), and q must lie in
 * (−2^bits, 2^bits): ReLU is shift 0 with `rectify`.
 */
export interface Requantise {
  kind: 'requantise';
  /** 0..52. */
  shift: number;
  /** 0..52. */
  bits: number;
  rectify: boolean;
}

/** ⌊(x + 2^(shift−1)) / 2^shift⌋, exact for |x| ≤ 2^52. */
export function roundShift(x: number, shift: number): number {
  if (shift === 0) return x;
  return Math.floor((x + 2 ** (shift - 1)) / 2 ** shift);
}

function shape({ shift, bits }: Requantise, [input]: readonly QuantisedTensor[]): readonly number[] {
  const valid = (field: number): boolean => Number.isInteger(field) && field >= 0 && field <= 52;
  requireValid(
    valid(shift) && valid(bits),
    `Shift and bits of a requantisation lie in 0..52: ${shift}, ${bits}.`,
  );
  return (input as QuantisedTensor).shape;
}

function bounds({ shift, bits, rectify }: Requantise, [input]: readonly QuantisedTensor[]): Bounds {
  const { lo, hi } = input as QuantisedTensor;
  checkMagnitude(magnitude({ lo, hi }) + 2 ** shift, 'A value before rescaling');
  const low = Math.max(roundShift(lo, shift), -(2 ** bits));
  const high = Math.min(roundShift(hi, shift), 2 ** bits - 1);
  requireValid(low <= high, 'No input of a requantisation stays within its width.');
  return rectify ? { lo: Math.max(low, 0), hi: Math.max(high, 0) } : { lo: low, hi: high };
}

function evaluate({ shift, bits, rectify }: Requantise, [input]: readonly Values[]): Values {
  const values = input as Values;
  const output = new Float64Array(values.length);
  const most = 2 ** bits - 1;
  const least = rectify ? -most : -(2 ** bits);
  const half = shift === 0 ? 0 : 2 ** (shift - 1);
  const unit = 2 ** shift;
  for (let i = 0; i < output.length; i++) {
    const quotient = Math.floor(((values[i] as number) + half) / unit);
    if (quotient > most || quotient < least) throw rangeExceeded(i, quotient, least, most);
    output[i] = rectify && quotient < 0 ? 0 : quotient;
  }
  return output;
}

/** The error of a value that leaves what a circuit holds. */
export function rangeExceeded(element: number, value: number, least: number, most: number): TesseraError {
  return new TesseraError('RANGE_EXCEEDED', {
    message: `Element ${element} is ${value}, outside [${least}, ${most}]`,
    remedy: 'Calibrate with inputs like this one, or allow more headroom.',
    details: { element, value, lo: least, hi: most },
  });
}

export const requantise: Operator<Requantise> = { shape, bounds, evaluate };
