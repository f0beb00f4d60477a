import { randomBytes } from 'node:crypto';
import { scalarModulus } from '../../protocol/field.ts';
import type { SegmentPlan } from '../plan/plan.ts';

/** The blinding value of every blinded tensor, by its name; below r. */
export type Blindings = ReadonlyMap<string, bigint>;

/** A fresh blinding value for every tensor that a port blinds: the same at both ends of an edge. */
export function drawBlindings(plans: readonly SegmentPlan[]): Blindings {
  const blinded = plans.flatMap(({ inputs, outputs, inputPorts, outputPorts }) => [
    ...inputs.filter((_, index) => inputPorts[index]?.blinded),
    ...outputs.filter((_, index) => outputPorts[index]?.blinded),
  ]);
  return new Map([...new Set(blinded)].map((name) => [name, randomElement()]));
}

/** Uniform but for a share of 2^−128: 48 bytes reduced modulo r. */
function randomElement(): bigint {
  return BigInt(`0x${randomBytes(48).toString('hex')}`) % scalarModulus;
}
