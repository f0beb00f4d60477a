import { expect } from 'vitest';
import { normalise } from '../import/normalise.ts';
import { readModel } from '../onnx/read.ts';
import { randomiseFills } from './randomise-fills.ts';
import { runModel, withLogits, worstDeviation } from './run-model.ts';

/** Asserts that an imported model computes what its file does, on two inputs whose outputs differ. */
export async function expectEquivalent(path: string): Promise<void> {
  const raw = withLogits(await randomiseFills(readModel(path).draft, 1));
  const imported = await normalise(raw);
  expect(imported.outputs).toEqual(raw.outputs);
  const seen: Map<string, Float32Array>[] = [];
  for (const seed of [11, 12]) {
    const expected = await runModel(raw, seed);
    const actual = await runModel(imported, seed);
    for (const [name, values] of expected) {
      expect(values.every(Number.isFinite)).toBe(true);
      expect(worstDeviation(actual.get(name) ?? new Float32Array(0), values)).toBeLessThanOrEqual(1);
    }
    seen.push(expected);
  }
  const logits = raw.outputs.at(-1) ?? '';
  const [first, second] = seen.map((outputs) => outputs.get(logits) ?? new Float32Array(0));
  expect(worstDeviation(first ?? new Float32Array(0), second ?? new Float32Array(0))).toBeGreaterThan(10);
}
