import type { ConstraintWriter } from '../language/constraint-writer.ts';
import { type Linear, LinearSum, ONE, wireOf } from '../language/linear.ts';

/**
 * Holds wire `sign` to 1 where value ≥ 0 and to 0 where value < 0, and value to [−2^bits, 2^bits).
 *
 * Sound: `sign` is 0 or 1, and value + 2^bits·(1 − sign) lies in [0, 2^bits). For sign 1 value itself does; for sign 0
 * value + 2^bits does, so value lies in [−2^bits, 0). The two cases exclude each other modulo r, since 2^(bits+1) < r.
 * Costs bits + 1 constraints.
 */
export function constrainSign(writer: ConstraintWriter, sign: number, value: Linear, bits: number): void {
  const signWire = wireOf(sign);
  writer.zero([[signWire, signWire]], { wires: [sign], coefficients: [-1] });
  const offset = 2 ** bits;
  writer.range(bits, new LinearSum().add(ONE, offset).addLinear(value, 1).add(sign, -offset).finish());
}
