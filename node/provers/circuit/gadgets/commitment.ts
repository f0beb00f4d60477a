import type { Values } from '../../../../protocol/arithmetic/tensor.ts';
import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';
import { pack, packing } from '../../../../protocol/poseidon2/packing.ts';
import { permute, type State } from '../../../../protocol/poseidon2/permutation.ts';
import { RATE } from '../../../../protocol/poseidon2/sponge.ts';
import type { ConstraintWriter } from '../language/constraint-writer.ts';
import { combine, constantOf, type Linear, LinearSum, ONE, wireOf } from '../language/linear.ts';
import { PERMUTATION_WIDTH } from '../language/opcodes.ts';
import type { LinearTensor } from '../linear-tensor.ts';
import type { WitnessWriter } from '../witness-writer.ts';

/** Edge values that are committed to, and where. */
export interface CommittedValues {
  values: LinearTensor;
  lo: number;
  hi: number;
  /** The sponge's domain, which fixes the edge's type; see `protocol/poseidon2/`. */
  domain: bigint;
  blinded: boolean;
  /** The public wire that holds the commitment. */
  public: number;
}

/** Wires that the witness fills: four lanes after each permutation, and the blinding value. */
export interface CommitmentWires {
  states: number;
  blinding?: number;
}

function packed(values: LinearTensor, lo: number, hi: number): Linear[] {
  const { bits, perElement } = packing({ lo: BigInt(lo), hi: BigInt(hi) });
  const elements: Linear[] = [];
  for (let start = 0; start < values.length; start += perElement) {
    const element = new LinearSum();
    for (let i = start; i < Math.min(start + perElement, values.length); i++) {
      const unit = 1n << BigInt(bits * (i - start));
      element.addLinear(values.row(i), unit).add(ONE, BigInt(-lo) * unit);
    }
    elements.push(element.finish());
  }
  return elements;
}

/**
 * Holds a public wire to the `poseidon2` commitment of the values.
 *
 * Sound given that every value is proven to lie in [lo, hi], which the caller sees to: then the offsets do not overlap and
 * a field element has one reading, so that equal commitments mean equal values unless Poseidon2 is broken. The domain in the
 * capacity separates edge types; the number of values is part of the type. Costs 268 constraints for three elements.
 */
export function constrainCommitment(writer: ConstraintWriter, port: CommittedValues): CommitmentWires {
  const elements = packed(port.values, port.lo, port.hi);
  const blinding = port.blinded ? writer.wires(1) : undefined;
  if (blinding !== undefined) elements.unshift(wireOf(blinding));
  const permutations = Math.max(1, Math.ceil(elements.length / RATE));
  const states = writer.wires(permutations * PERMUTATION_WIDTH);
  let state: Linear[] = [constantOf(0), constantOf(0), constantOf(0), constantOf(port.domain)];
  for (let step = 0; step < permutations; step++) {
    const absorbed = state.map((lane, i) => {
      const element = i < RATE ? elements[step * RATE + i] : undefined;
      return element === undefined ? lane : combine(lane, 1, element, 1);
    });
    const first = states + step * PERMUTATION_WIDTH;
    writer.permute(absorbed, first);
    state = Array.from({ length: PERMUTATION_WIDTH }, (_, i) => wireOf(first + i));
  }
  writer.zero([], combine(state[0] as Linear, 1, wireOf(port.public), -1));
  return { states, ...(blinding === undefined ? {} : { blinding }) };
}

/** Fills the wires of `constrainCommitment`; the values lie in [lo, hi]. */
export function assignCommitment(
  witness: WitnessWriter,
  step: CommitmentWires & { public: number },
  values: Values,
  { lo, hi, domain }: { lo: number; hi: number; domain: bigint },
  blinding: bigint | undefined,
): void {
  const elements = pack(Array.from(values, BigInt), { lo: BigInt(lo), hi: BigInt(hi) });
  if (blinding !== undefined) {
    elements.unshift(blinding);
    if (step.blinding !== undefined) witness.setField(step.blinding, blinding);
  }
  let state: State = [0n, 0n, 0n, domain];
  let wire = step.states;
  for (let start = 0; start < Math.max(elements.length, 1); start += RATE) {
    state = permute([
      (state[0] + (elements[start] ?? 0n)) % FIELD_ORDER,
      (state[1] + (elements[start + 1] ?? 0n)) % FIELD_ORDER,
      (state[2] + (elements[start + 2] ?? 0n)) % FIELD_ORDER,
      state[3],
    ]);
    for (const lane of state) witness.setField(wire++, lane);
  }
  witness.setField(step.public, state[0]);
}
