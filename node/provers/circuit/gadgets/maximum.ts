import type { QuantisedNode } from '../../../../protocol/arithmetic/model.ts';
import {
  axisSizes,
  covered,
  type Maximum,
  tournament,
} from '../../../../protocol/arithmetic/operations/maximum.ts';
import type { QuantisedTensor, Values } from '../../../../protocol/arithmetic/tensor.ts';
import type { Construction } from '../construction.ts';
import { type Linear, wireOf } from '../language/linear.ts';
import type { WitnessWriter } from '../witness-writer.ts';
import { constrainLarger } from './larger.ts';
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
 * Maxima over windows, as a tournament with one wire for each winner.
 *
 * Sound: `larger.ts` holds each winner to the larger of the two, given that the difference of two bounded values cannot
 * wrap, and it is one of the two, so bounded as they are. By induction the last is the maximum of the window. Costs
 * bits + 1 constraints a comparison.
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
  const first = writer.wires(comparisonCount(operation, tensor.shape));
  let next = first;
  const rows: Linear[] = [];
  let terms = 0;
  const larger = (left: Linear, right: Linear): Linear => {
    const winner = next++;
    constrainLarger(writer, winner, left, right, operation.bits);
    return wireOf(winner);
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

/** Fills the winners of `constrainMaximum`. */
export function assignMaximum(
  witness: WitnessWriter,
  first: number,
  operation: Maximum,
  tensor: QuantisedTensor,
  input: Values,
): void {
  let next = first;
  const larger = (left: number, right: number): number => {
    const winner = Math.max(left, right);
    witness.set(next++, winner);
    return winner;
  };
  for (const window of windows(operation, tensor.shape)) {
    tournament(
      window.map((i) => input[i] as number),
      larger,
    );
  }
}
