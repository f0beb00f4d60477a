import { expect, it } from 'vitest';
import { requireFinite } from './finite.ts';
import { tensorOf } from './tensor-data.ts';

const input = (element: 'float32' | 'float64' | 'int64', values: readonly number[]) =>
  new Map([['x', tensorOf('x', { element, shape: [values.length] }, values)]]);

it.each(['float32', 'float64'] as const)('names the element of %s that is not finite', (element) => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    let thrown: unknown;
    try {
      requireFinite(input(element, [0, 1, value]));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'INPUT_INVALID', details: { tensor: 'x', element: 2 } });
  }
});

it('takes finite numbers of any type', () => {
  requireFinite(input('float32', [-3.4e38, 0, 3.4e38]));
  requireFinite(input('int64', [-1, 2]));
});
