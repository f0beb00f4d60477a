import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { compare } from './compare.ts';

const floats = (values: number[], shape = [values.length]) =>
  new Map([['y', new Tensor('float32', Float32Array.from(values), shape)]]);
const integers = (values: bigint[]) => new Map([['y', new Tensor('int64', BigInt64Array.from(values))]]);

describe('compare', () => {
  it('allows floats 1e-5 of the largest value and 1e-4 of their own, and no more', () => {
    // At 100 the bound is 1e-3 + 1e-2, and at 0 it is 1e-3.
    expect(compare(floats([100, 0]), floats([100.0109, 0.0009])).equal).toBe(true);
    expect(compare(floats([100, 0]), floats([100.0112, 0])).equal).toBe(false);
    expect(compare(floats([100, 0]), floats([100, 0.0011])).equal).toBe(false);
  });

  it('measures against the expected values', () => {
    const result = compare(floats([2, 4]), floats([3, 4]));
    expect(result).toMatchObject({ maxAbsError: 1, maxRelError: 0.5, equal: false });
    expect(result.tolerance).toBeCloseTo(1e-5 * 4 + 1e-4 * 4);
  });

  it('wants NaN and infinities in the same places', () => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1];
    expect(compare(floats(special), floats(special)).equal).toBe(true);
    for (let i = 0; i < 3; i++) {
      const other = special.with(i, 1);
      expect(compare(floats(special), floats(other)).equal).toBe(false);
      expect(compare(floats(other), floats(special)).equal).toBe(false);
    }
    expect(compare(floats([Number.POSITIVE_INFINITY]), floats([Number.NEGATIVE_INFINITY])).equal).toBe(false);
  });

  it('wants integers identical, beyond the precision of a double too', () => {
    expect(compare(integers([2n ** 60n]), integers([2n ** 60n])).equal).toBe(true);
    expect(compare(integers([2n ** 60n]), integers([2n ** 60n + 1n])).equal).toBe(false);
  });

  it('measures how far integers are apart, beyond the precision of a double too', () => {
    expect(compare(integers([2n ** 60n, 4n]), integers([2n ** 60n + 1n, 7n]))).toMatchObject({
      maxAbsError: 3,
      maxRelError: 3 / 4,
      tolerance: 0,
      differences: ['y: 2 of 2 elements differ'],
    });
    expect(compare(integers([-(2n ** 63n)]), integers([2n ** 63n - 1n])).maxAbsError).toBe(2 ** 64);
    const truths = (values: number[]) => new Map([['y', new Tensor('bool', Uint8Array.from(values))]]);
    expect(compare(truths([1, 0]), truths([0, 0]))).toMatchObject({ maxAbsError: 1, equal: false });
  });

  it('wants strings identical', () => {
    const strings = (values: string[]) => new Map([['y', new Tensor('string', values)]]);
    expect(compare(strings(['a']), strings(['a'])).equal).toBe(true);
    expect(compare(strings(['a']), strings(['b']))).toMatchObject({ maxAbsError: 0, equal: false });
  });

  it('names outputs of another shape or type, missing ones and unexpected ones', () => {
    const expected = floats([1, 2]);
    expect(compare(expected, floats([1, 2], [1, 2])).differences).toEqual([
      'y: float32[1,2] instead of float32[2]',
    ]);
    expect(compare(expected, integers([1n, 2n])).differences).toEqual(['y: int64[2] instead of float32[2]']);
    expect(compare(expected, new Map()).differences).toEqual(['y: nothing instead of float32[2]']);
    expect(compare(new Map(), expected).differences).toEqual(['y: not expected']);
  });
});
