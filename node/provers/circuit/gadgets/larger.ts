import type { ConstraintWriter } from '../language/constraint-writer.ts';
import { combine, type Linear, LinearSum, wireOf } from '../language/linear.ts';

/**
 * Holds wire `larger` to max(a, b), and a − b to (−2^bits, 2^bits).
 *
 * Sound given that a and b are integers far below r in magnitude: (m − a)·(m − b) = 0 leaves m = a or m = b, a field
 * having no divisors of zero, and 2m − a − b is then a − b or b − a. It lies in [0, 2^bits), which of two opposite
 * residues only the one of the number that is not negative does. Costs bits + 1 constraints.
 */
export function constrainLarger(
  writer: ConstraintWriter,
  larger: number,
  a: Linear,
  b: Linear,
  bits: number,
): void {
  const m = wireOf(larger);
  writer.zero([[combine(m, 1, a, -1), combine(m, 1, b, -1)]], { wires: [], coefficients: [] });
  writer.range(bits, new LinearSum().addLinear(a, -1).addLinear(b, -1).add(larger, 2).finish());
}
