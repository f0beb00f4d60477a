import { describe, expect, it } from 'vitest';
import { randomInputs } from './random-inputs.ts';
import { takingInputs } from './test-models/small-models.ts';

const model = takingInputs({
  a: { element: 'float32', shape: [2, 50] },
  b: { element: 'int64', shape: [100] },
  c: { element: 'bool', shape: [100] },
  d: { element: 'float64', shape: [] },
});
const valuesOf = (seed: number) =>
  [...randomInputs(model, seed)].map(([name, tensor]) => [
    name,
    Array.from(tensor.data as ArrayLike<unknown>),
  ]);

describe('randomInputs', () => {
  it('gives every input the type and shape that the model takes', () => {
    const inputs = randomInputs(model, 1);
    expect([...inputs].map(([name, { type, dims }]) => [name, type, dims])).toEqual([
      ['a', 'float32', [2, 50]],
      ['b', 'int64', [100]],
      ['c', 'bool', [100]],
      ['d', 'float64', []],
    ]);
  });

  it('draws the same from one seed, and other values from another', () => {
    expect(valuesOf(5)).toEqual(valuesOf(5));
    for (const [at, [, values]] of valuesOf(6).entries()) expect(valuesOf(5)[at]?.[1]).not.toEqual(values);
  });

  it('spreads floats over [0, 1), and integers over 0 and 1', () => {
    const inputs = randomInputs(model, 7);
    const floats = Array.from(inputs.get('a')?.data as Float32Array);
    expect(floats.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(floats.filter((value) => value < 0.5).length).toBeGreaterThan(25);
    expect(floats.filter((value) => value >= 0.5).length).toBeGreaterThan(25);
    expect(new Set(inputs.get('b')?.data as BigInt64Array)).toEqual(new Set([0n, 1n]));
    expect(new Set(inputs.get('c')?.data as Uint8Array)).toEqual(new Set([0, 1]));
  });

  it('refuses a type that inputs cannot have', () => {
    expect(() => randomInputs(takingInputs({ x: { element: 'string', shape: [1] } }), 1)).toThrowError(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { tensor: 'x' } }),
    );
  });
});
