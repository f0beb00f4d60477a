import { describe, expect, it } from 'vitest';
import { floatConstant } from '../model/constant.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { Model, TensorType } from '../model/model.ts';
import { tensorOf } from '../model/tensor-data.ts';
import { defaultEzklParams } from '../provers/ezkl/parameters.ts';
import { chooseScale } from './scale.ts';

const input: TensorType = { element: 'float32', shape: [1, 4] };

/** Two scores: the sums of the input's halves by `weight`, of which the second counts a little more. */
function scoring(weight: number): Model {
  const weights = Float32Array.from([1, 1, 0, 0, 0, 0, 1.1, 1.1], (value) => value * weight);
  return {
    name: 'scoring',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['scores'],
    nodes: [
      {
        name: 'dense',
        operator: 'Gemm',
        domain: '',
        inputs: ['x', 'weights'],
        outputs: ['scores'],
        attributes: new Map([['transB', { type: 'int', value: 1n }]]),
      },
    ],
    constants: new Map([['weights', floatConstant([2, 4], weights)]]),
    types: new Map<string, TensorType>([
      ['x', input],
      ['scores', { element: 'float32', shape: [1, 2] }],
    ]),
  };
}

const sample = (values: readonly number[]): NamedTensors => new Map([['x', tensorOf('x', input, values)]]);

describe('the scale that samples ask for', () => {
  it('is the default where that is near the float model', async () => {
    expect(await chooseScale(scoring(1), [sample([1, 2, 1, 2])])).toBe(defaultEzklParams.scale);
  });

  it('has more bits where weights would be rounded away', async () => {
    // At the default scale both weights are rounded to the same multiple of 2^-7, or to nothing.
    const scale = await chooseScale(scoring(0.01), [sample([1, 2, 1, 2]), sample([2, 2, 1, 2])]);
    expect(scale).toBeGreaterThan(defaultEzklParams.scale);
    expect(scale).toBeLessThan(12);
  });

  it('has no more than what the circuits hold of the largest product', async () => {
    const small = sample([0.001, 0.002, 0.001, 0.002]);
    expect(await chooseScale(scoring(0.001), [small])).toBe(12);
    expect(await chooseScale(scoring(0.001), [small, sample([1e3, 1e3, 1e3, 1e3])])).toBe(9);
  });
});
