import type { QuantisedNode } from '../../../../protocol/arithmetic/model.ts';
import { type Requantise, roundShift } from '../../../../protocol/arithmetic/operations/requantise.ts';
import type { QuantisedTensor, Values } from '../../../../protocol/arithmetic/tensor.ts';
import type { Construction } from '../construction.ts';
import { constantOf, type Linear, LinearSum, ONE, wireOf } from '../language/linear.ts';
import type { WitnessWriter } from '../witness-writer.ts';
import { constrainLarger } from './larger.ts';
import { WIRE_THRESHOLD } from './wire-threshold.ts';

/**
 * Rescaling with rounding, ReLU, or both: q = ⌊(x + h) / 2^n⌋ with h = 2^(n−1), then max(q, 0) where `rectify` says so.
 *
 * Sound: r = x + h − 2^n·q lies in [0, 2^n) by a range check, and q in [−2^b, 2^b) by another. x is bounded by 2^52 in
 * magnitude (the model's bounds), so the equation holds over the integers as well as modulo r, and Euclidean division
 * has one quotient: no other q fits any remainder. With `rectify`, `larger.ts` holds the output to max(q, 0), and q to
 * (−2^b, 2^b). A shift of 0 has no remainder, and q is x itself.
 * Costs n + b + 1 constraints an element; one less where x is known not to be negative.
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
  // A rescaled value is used once, a rectified one several times.
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
  const quotients = shift === 0 ? undefined : writer.wires(input.length);
  if (quotients !== undefined)
    construction.steps.push({ kind: 'quotients', first: quotients, shift, source });
  const outputs = construction.valueWires(node.output, input.length);
  for (let i = 0; i < input.length; i++) {
    const value = input.row(i);
    if (quotients !== undefined) rounded(value, quotients + i);
    const quotient = quotients === undefined ? value : wireOf(quotients + i);
    constrainLarger(writer, outputs + i, quotient, constantOf(0), bits);
  }
}

/** Fills the quotients of `constrainRequantise` that a ReLU hides. */
export function assignQuotients(
  witness: WitnessWriter,
  { first, shift }: { first: number; shift: number },
  input: Values,
): void {
  for (let i = 0; i < input.length; i++) witness.set(first + i, roundShift(input[i] as number, shift));
}
