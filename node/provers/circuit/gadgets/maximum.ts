import type { QuantisedNode, QuantisedTensor, Values } from '../../../../protocol/arithmetic/model.ts';
import {
  axisSizes,
  covered,
  type Maximum,
  tournament,
} from '../../../../protocol/arithmetic/operations/maximum.ts';
import type { Construction } from '../construction.ts';
import { combine, type Linear, wireOf } from '../language/linear.ts';
import type { WitnessWriter } from '../witness-writer.ts';
import { constrainSign } from './sign.ts';
import { WIRE_THRESHOLD } from './wire-threshold.ts';

/** Visits every output's contestants as input indices, in the order of the outputs. */
function* windows(operation: Maximum, shape: readonly number[]): Generator<number[]> {
  const [outer, length, inner] = axisSizes(shape, operation.axis);
  for (let o = 0; o < outer; o++) {
    for (let position = 0; position < operation.positions; position++) {
      const [first, step, count] = covered(operation, position, length);
      for (let i = 0; i < inner; i++) {
        yield Array.from({ length: count }, (_, k) => (o * length + first + k * step) * inner + i);
      }
    }
  }
}

/** Comparisons of all windows together: one fewer than the contestants of each. */
export function comparisonCount(operation: Maximum, shape: readonly number[]): number {
  const [outer, length, inner] = axisSizes(shape, operation.axis);
  let comparisons = 0;
  for (let position = 0; position < operation.positions; position++) {
    comparisons += covered(operation, position, length)[2] - 1;
  }
  return comparisons * outer * inner;
}

/**
 * Maxima over windows, as a tournament: max(a, b) = b + y, where y = s·(a − b) and s is the proven sign of a − b.
 *
 * Sound: `sign.ts` forces s to 1 exactly when a ≥ b over the integers, given that the difference of two bounded values
 * cannot wrap; so y is max(a − b, 0) and b + y is the larger of the two. By induction the last is the maximum of the
 * window: any other element fails the comparison that it lost. Costs bits + 2 constraints a comparison.
 */
export function constrainMaximum(
  construction: Construction,
  node: QuantisedNode,
  operation: Maximum,
  tensor: QuantisedTensor,
): void {
  const { writer } = construction;
  const [source] = node.inputs as [string];
  const input = construction.bound(source, WIRE_THRESHOLD);
  const first = writer.wires(2 * comparisonCount(operation, tensor.shape));
  let next = first;
  const rows: Linear[] = [];
  let terms = 0;
  const larger = (left: Linear, right: Linear): Linear => {
    const [sign, excess] = [next, next + 1];
    next += 2;
    const difference = combine(left, 1, right, -1);
    constrainSign(writer, sign, difference, operation.bits);
    writer.zero([[wireOf(sign), difference]], { wires: [excess], coefficients: [-1] });
    return combine(right, 1, wireOf(excess), 1);
  };
  for (const window of windows(operation, tensor.shape)) {
    const row = tournament(
      window.map((i) => input.row(i)),
      larger,
    );
    terms = Math.max(terms, row.wires.length);
    rows.push(row);
  }
  construction.steps.push({ kind: 'maximum', first, operation, source });
  construction.define(node.output, { length: rows.length, terms, row: (i) => rows[i] as Linear });
}

/** Fills the signs and excesses of `constrainMaximum`. */
export function assignMaximum(
  witness: WitnessWriter,
  first: number,
  operation: Maximum,
  tensor: QuantisedTensor,
  input: Values,
): void {
  let next = first;
  const larger = (left: number, right: number): number => {
    witness.set(next, left >= right ? 1 : 0);
    witness.set(next + 1, Math.max(left - right, 0));
    next += 2;
    return Math.max(left, right);
  };
  for (const window of windows(operation, tensor.shape)) {
    tournament(
      window.map((i) => input[i] as number),
      larger,
    );
  }
}
