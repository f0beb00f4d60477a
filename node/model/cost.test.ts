import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nodeCost } from './cost.ts';
import { importModel } from './import/index.ts';
import type { Attribute, Model, TensorType } from './model.ts';

/** A model of one node, whose tensors have these shapes. */
function single(
  operator: string,
  inputs: readonly (readonly number[])[],
  output: readonly number[],
  attributes: ReadonlyMap<string, Attribute> = new Map(),
): Model {
  const type = (shape: readonly number[]): TensorType => ({ element: 'float32', shape });
  const names = inputs.map((_, index) => `x${index}`);
  return {
    name: operator,
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: names,
    outputs: ['y'],
    nodes: [{ name: 'node', operator, domain: '', inputs: names, outputs: ['y'], attributes }],
    constants: new Map(),
    types: new Map([
      ['y', type(output)],
      ...inputs.map((shape, index) => [`x${index}`, type(shape)] as const),
    ]),
  };
}

const costOf = (...model: Parameters<typeof single>) => {
  const built = single(...model);
  return built.nodes.map((node) => nodeCost(built, node))[0] ?? Number.NaN;
};

describe('nodeCost', () => {
  it.each(['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Concat', 'Identity'])(
    'takes %s for free: it moves values and computes none',
    (operator) => expect(costOf(operator, [[4, 4]], [16])).toBe(0),
  );

  it('grows with what a product sums over, and with its output', () => {
    const dense = (batch: number, inner: number) =>
      costOf(
        'MatMul',
        [
          [batch, inner],
          [inner, 10],
        ],
        [batch, 10],
      );
    expect(dense(1, 200)).toBeGreaterThan(dense(1, 100));
    expect(dense(2, 100)).toBe(2 * dense(1, 100));
    const convolve = (channels: number) =>
      costOf(
        'Conv',
        [
          [1, channels, 8, 8],
          [4, channels, 3, 3],
        ],
        [1, 4, 6, 6],
      );
    expect(convolve(8)).toBeGreaterThan(convolve(4));
  });

  it('grows with the window of a pooling', () => {
    const pool = (side: bigint) =>
      costOf(
        'MaxPool',
        [[1, 1, 8, 8]],
        [1, 1, 4, 4],
        new Map([['kernel_shape', { type: 'ints', value: [side, side] }]]),
      );
    expect(pool(4n)).toBe(4 * pool(2n));
  });

  it('takes an addition for cheaper than an activation', () => {
    expect(costOf('Add', [[8], [8]], [8])).toBeLessThan(costOf('Relu', [[8]], [8]));
  });

  it.each(['cnn-small', 'lenet', 'mlp'])('is positive for every node of %s that computes', async (name) => {
    const path = fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
    const { model } = await importModel(path);
    const computing = model.nodes.filter(({ operator }) => !['Flatten', 'Reshape'].includes(operator));
    expect(computing.length).toBeGreaterThan(2);
    for (const node of computing) expect(nodeCost(model, node)).toBeGreaterThan(0);
  });
});
