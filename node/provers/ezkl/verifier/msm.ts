import { G1, type G1Point } from './points.ts';

/** Longest digit, in bits: 2^12 buckets are still cheap to sum. */
const maxWindow = 12;

/**
 * Σ scalarᵢ · pointᵢ by buckets (Pippenger). Scalars may be negative and cost by their own length, which is
 * why the curve library's is not used: it works through all 254 bits, and quantised values have about ten.
 * Variable time; for public values only.
 */
export function multiScalarMultiply(points: readonly G1Point[], scalars: readonly bigint[]): G1Point {
  const terms: { point: G1Point; scalar: bigint }[] = [];
  let bits = 0;
  for (const [i, scalar] of scalars.entries()) {
    const point = points[i];
    if (point === undefined) throw new RangeError(`${scalars.length} scalars for ${points.length} points`);
    if (scalar === 0n) continue;
    const size = scalar < 0n ? -scalar : scalar;
    terms.push({ point: scalar < 0n ? point.negate() : point, scalar: size });
    bits = Math.max(bits, size.toString(2).length);
  }
  // Adding every point once a window and summing 2·2^window buckets balance near log2(terms) − 2.
  const window = Math.min(maxWindow, Math.max(1, Math.floor(Math.log2(terms.length + 1)) - 2));
  const mask = (1n << BigInt(window)) - 1n;
  let total = G1.ZERO;
  for (let shift = Math.ceil(bits / window) * window - window; shift >= 0; shift -= window) {
    for (let i = 0; i < window; i++) total = total.double();
    const buckets = new Array<G1Point | undefined>(1 << window);
    for (const { point, scalar } of terms) {
      const digit = Number((scalar >> BigInt(shift)) & mask);
      if (digit !== 0) buckets[digit] = buckets[digit]?.add(point) ?? point;
    }
    let running = G1.ZERO;
    let sum = G1.ZERO;
    for (let digit = buckets.length - 1; digit > 0; digit--) {
      const bucket = buckets[digit];
      if (bucket !== undefined) running = running.add(bucket);
      sum = sum.add(running);
    }
    total = total.add(sum);
  }
  return total;
}
