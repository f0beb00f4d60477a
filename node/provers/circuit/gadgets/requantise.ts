import type { QuantisedNode, QuantisedTensor, Values } from '../../../../protocol/arithmetic/model.ts';
import { type Requantise, roundShift } from '../../../../protocol/arithmetic/operations/requantise.ts';
import type { Construction } from '../construction.ts';
import { type Linear, LinearSum, ONE, wireOf } from '../language/linear.ts';
import type { WitnessWriter } from '../witness-writer.ts';
import { constrainSign } from './sign.ts';
import { WIRE_THRESHOLD } from './wire-threshold.ts';

/**
 * Rescaling with rounding, ReLU, or both: q = ⌊(x + h) / 2^n⌋ with h = 2^(n−1), then max(q, 0) where `rectify` says so.
 *
 * Sound: r = x + h − 2^n·q lies in [0, 2^n) by a range check, and q in [−2^b, 2^b) by another. x is bounded by 2^52 in
 * magnitude (the model's bounds), so the equation holds over the integers as well as modulo r, and Euclidean division
 * has one quotient: no other q fits any remainder. With `rectify`, q's sign s is proven (`sign.ts`) and y = s·q, so a
 * negative q gives exactly 0. A shift of 0 has no remainder, and q is x itself.
 * Costs n + b + 1 constraints an element, n + b + 2 with `rectify`; the sign is left out where x is known not to be negative.
 */
export function constrainRequantise(
  construction: Construction,
  node: QuantisedNode,
  operation: Requantise,
  tensor: QuantisedTensor,
): void {
  const { writer } = construction;
  const { shift, bits, rectify } = operation;
  const [source] = node.inputs as [string];
  // A rescaled value is used once, a rectified one three times.
  const input = shift > 0 ? construction.tensor(source) : construction.bound(source, WIRE_THRESHOLD);
  const nonNegative = tensor.lo >= 0;
  const range = (value: Linear): void => {
    const offset = nonNegative ? 0 : 2 ** bits;
    writer.range(
      nonNegative ? bits : bits + 1,
      new LinearSum().addLinear(value, 1).add(ONE, offset).finish(),
    );
  };
  const rounded = (value: Linear, quotient: number): void => {
    const remainder = new LinearSum()
      .addLinear(value, 1)
      .add(ONE, 2 ** (shift - 1))
      .add(quotient, -(2 ** shift));
    writer.range(shift, remainder.finish());
  };

  if (!rectify || nonNegative) {
    if (shift === 0) {
      for (let i = 0; i < input.length; i++) range(input.row(i));
      construction.define(node.output, input);
      return;
    }
    const quotients = construction.valueWires(node.output, input.length);
    for (let i = 0; i < input.length; i++) {
      rounded(input.row(i), quotients + i);
      range(wireOf(quotients + i));
    }
    return;
  }
  const signs = writer.wires(input.length);
  const quotients = shift === 0 ? undefined : writer.wires(input.length);
  construction.steps.push({
    kind: 'requantise',
    signs,
    ...(quotients === undefined ? {} : { quotients }),
    operation,
    source,
  });
  const outputs = construction.valueWires(node.output, input.length);
  for (let i = 0; i < input.length; i++) {
    const value = input.row(i);
    if (quotients !== undefined) rounded(value, quotients + i);
    const quotient = quotients === undefined ? value : wireOf(quotients + i);
    constrainSign(writer, signs + i, quotient, bits);
    writer.zero([[wireOf(signs + i), quotient]], { wires: [outputs + i], coefficients: [-1] });
  }
}

/** Fills the signs and quotients of `constrainRequantise`. */
export function assignRequantise(
  witness: WitnessWriter,
  step: { signs: number; quotients?: number },
  { shift }: Requantise,
  input: Values,
): void {
  for (let i = 0; i < input.length; i++) {
    const quotient = roundShift(input[i] as number, shift);
    witness.set(step.signs + i, quotient >= 0 ? 1 : 0);
    if (step.quotients !== undefined) witness.set(step.quotients + i, quotient);
  }
}
