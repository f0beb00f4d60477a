import { TesseraError } from '../errors.ts';

/** The integers [lo, hi]. */
export interface Bounds {
  lo: number;
  hi: number;
}

/** No integer of an inference exceeds this in magnitude, so that sums of two are still exact in a double. */
export const MAGNITUDE_LIMIT = 2 ** 52;

/** @throws TesseraError `RANGE_EXCEEDED` when a bound passes the limit that keeps every intermediate exact. */
export function checkMagnitude(magnitude: number, what: string): void {
  if (!(magnitude <= MAGNITUDE_LIMIT)) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `${what} may reach ${magnitude}, beyond the limit of 2^52`,
      remedy: 'Choose smaller scales, or rescale earlier.',
      details: { magnitude, limit: MAGNITUDE_LIMIT },
    });
  }
}

/** Bounds of factor·x for x in `bounds`. */
export function scaled({ lo, hi }: Bounds, factor: number): Bounds {
  return factor >= 0 ? { lo: factor * lo, hi: factor * hi } : { lo: factor * hi, hi: factor * lo };
}

/** The smallest interval that holds both. */
export function hull(a: Bounds, b: Bounds): Bounds {
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

/** Largest absolute value in the interval. */
export function magnitude({ lo, hi }: Bounds): number {
  return Math.max(Math.abs(lo), Math.abs(hi));
}
