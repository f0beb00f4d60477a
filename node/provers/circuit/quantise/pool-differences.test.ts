import { describe, expect, it } from 'vitest';
import { ints } from '../../../model/attribute-values.ts';
import type { Attribute, Model, ModelNode } from '../../../model/model.ts';
import { differenceName, poolDifferences } from './pool-differences.ts';
import { quantiseModel } from './quantise-model.ts';

const node = (operator: string, input: string, output: string, attributes = {}): ModelNode => ({
  name: operator,
  operator,
  domain: '',
  inputs: [input],
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

/** A pooling of [1, 1, 4, 4], behind other nodes. */
function pooling(before: readonly string[], attributes: Record<string, Attribute>, side: number): Model {
  const names = ['x', ...before.map((_, i) => `t${i}`)];
  const last = names.at(-1) ?? '';
  return {
    name: 'pooling',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['y'],
    nodes: [
      ...before.map((operator, i) => node(operator, names[i] ?? '', names[i + 1] ?? '')),
      node('MaxPool', last, 'y', attributes),
    ],
    constants: new Map(),
    types: new Map([
      ...names.map((name) => [name, { element: 'float32', shape: [1, 1, 4, 4] }] as const),
      ['y', { element: 'float32', shape: [1, 1, side, side] }] as const,
    ]),
  };
}

const square = { kernel_shape: ints(2, 2), strides: ints(2, 2) };
const values = Float32Array.of(...[0, 9, 1, 1], ...[0.5, 9, 1, 1], ...[-3, -3, 2, 2], ...[-3, -2, 2, 2.25]);
const pool = (model: Model) => model.nodes.at(-1) as ModelNode;

describe('differences within a pooling', () => {
  it('are those of neighbours down the columns, then those of the maxima along the rows', () => {
    const model = pooling([], square, 2);
    expect(Object.fromEntries(poolDifferences(model, pool(model), values))).toEqual({
      [differenceName('y', 2)]: { min: 0, max: 1 },
      [differenceName('y', 3)]: { min: 0, max: 8.5 },
    });
  });

  it('leave out places outside the tensor', () => {
    const padded = { kernel_shape: ints(2, 2), strides: ints(4, 4), pads: ints(1, 1, 0, 0) };
    const model = pooling([], padded, 1);
    expect([...poolDifferences(model, pool(model), values).values()]).toEqual([
      { min: 0, max: 0 },
      { min: 0, max: 0 },
    ]);
  });

  const range = { min: -3, max: 9 };
  const bitsOf = async (before: readonly string[], known: boolean): Promise<number[]> => {
    const model = pooling(before, square, 2);
    const ranges = new Map([...model.types.keys()].map((name) => [name, range]));
    if (known) for (const [name, seen] of poolDifferences(model, pool(model), values)) ranges.set(name, seen);
    const { model: quantised } = await quantiseModel(model, ranges);
    return quantised.nodes.flatMap(({ operation }) => (operation.kind === 'maximum' ? [operation.bits] : []));
  };

  it('settle the bits of the comparisons, with a quarter of room', async () => {
    // At scale 3, the differences are 8 and 68, and those of the extremes 96.
    expect(await bitsOf([], true)).toEqual([4, 7]);
    expect(await bitsOf(['Relu'], true)).toEqual([4, 7]);
  });

  it('give way to the extremes where calibration has none, or a ReLU was put off past more than a pooling', async () => {
    const wide = await bitsOf([], false);
    expect(wide).toEqual([8, 8]);
    expect(await bitsOf(['Relu', 'Flatten'], true)).toEqual(wide);
  });
});
