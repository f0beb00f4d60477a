import type { ConstraintWriter } from '../language/constraint-writer.ts';
import { type Linear, LinearSum, ONE } from '../language/linear.ts';

/** Bits of hi − lo. */
export function intervalBits(lo: number, hi: number): number {
  return lo === hi ? 0 : (BigInt(hi) - BigInt(lo)).toString(2).length;
}

/** Whether one range check holds a value to exactly [lo, hi]. */
export function isPowerOfTwoWide(lo: number, hi: number): boolean {
  return BigInt(hi) - BigInt(lo) + 1n === 1n << BigInt(intervalBits(lo, hi));
}

/**
 * Holds a value to [lo, hi].
 *
 * Sound: value − lo lies in [0, 2^w), where w bits hold hi − lo; unless that is the whole interval, hi − value lies there
 * too. Both are integers below r, so −1 cannot pass as r − 1 nor hi + 1 as anything within. Costs w or 2w constraints.
 */
export function constrainInterval(writer: ConstraintWriter, value: Linear, lo: number, hi: number): void {
  const bits = intervalBits(lo, hi);
  writer.range(bits, new LinearSum().addLinear(value, 1).add(ONE, -lo).finish());
  if (!isPowerOfTwoWide(lo, hi)) {
    writer.range(bits, new LinearSum().add(ONE, hi).addLinear(value, -1).finish());
  }
}
