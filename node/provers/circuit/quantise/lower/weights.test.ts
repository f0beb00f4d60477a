import { describe, expect, it } from 'vitest';
import { quantiseWeights } from './weights.ts';

describe('weights', () => {
  const values = Float64Array.of(0.7, -0.31, 0.05);

  it('fill as many bits as they may', () => {
    expect(quantiseWeights(values, { bits: 7 })).toEqual({ weights: Int32Array.of(90, -40, 6), scale: 7 });
  });

  it('are no finer than is enough', () => {
    expect(quantiseWeights(values, { bits: 7, enough: 4 })).toEqual({
      weights: Int32Array.of(11, -5, 1),
      scale: 4,
    });
    expect(quantiseWeights(values, { bits: 7, enough: 12 }).scale).toBe(7);
  });

  it('keep three bits however little would be enough, unless they may not have them', () => {
    expect(quantiseWeights(values, { bits: 7, enough: -5 }).scale).toBe(3);
    expect(quantiseWeights(values, { bits: 2, enough: -5 }).scale).toBe(2);
  });
});
