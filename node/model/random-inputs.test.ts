import { describe, expect, it } from 'vitest';
import type { ElementType, Model } from './model.ts';
import { randomInputs } from './random-inputs.ts';

function taking(types: Record<string, readonly [ElementType, ...number[]]>): Model {
  return {
    name: 'inputs',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: Object.keys(types),
    outputs: [],
    nodes: [],
    constants: new Map(),
    types: new Map(
      Object.entries(types).map(([name, [element, ...shape]]) => [name, { element, shape }] as const),
    ),
  };
}

const model = taking({ a: ['float32', 2, 50], b: ['int64', 100], c: ['bool', 100], d: ['float64'] });
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
    expect(() => randomInputs(taking({ x: ['string', 1] }), 1)).toThrowError(
      expect.objectContaining({ code: 'INPUT_INVALID', details: { tensor: 'x' } }),
    );
  });
});
