import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dequantise, quantise } from './quantise.ts';

describe('quantising', () => {
  it('rounds halves away from zero, and nothing else', () => {
    const cases: [number, bigint][] = [
      [0.5, 1n],
      [-0.5, -1n],
      [1.5, 2n],
      [2.5, 3n],
      [-2.5, -3n],
      [0.49999999999999994, 0n],
      [-0.49999999999999994, 0n],
      [4503599627370495.5, 4503599627370496n],
      [4503599627370497, 4503599627370497n],
      [-0, 0n],
    ];
    for (const [value, integer] of cases) expect(quantise([value], 0)).toEqual([integer]);
  });

  it('scales by a power of two', () => {
    expect(quantise(Float64Array.of(1, -1.5, 0.003), 7)).toEqual([128n, -192n, 0n]);
    expect(quantise([256], -7)).toEqual([2n]);
    expect(dequantise([128n, -192n], 7)).toEqual(Float64Array.of(1, -1.5));
  });

  it('gives integers back that came from integers', () => {
    const integer = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n });
    fc.assert(
      fc.property(fc.array(integer), fc.integer({ min: -64, max: 64 }), (values, scale) => {
        expect(quantise(dequantise(values, scale), scale)).toEqual(values);
      }),
    );
  });

  it('refuses what has no integer', () => {
    const code = (value: number, scale = 0) => {
      try {
        return String(quantise([0, value], scale));
      } catch (error) {
        return (error as { code: string; details: { index: number } }).code;
      }
    };
    expect(code(Number.NaN)).toBe('INPUT_INVALID');
    expect(code(Number.NEGATIVE_INFINITY)).toBe('INPUT_INVALID');
    expect(code(2 ** 127)).toBe('RANGE_EXCEEDED');
    expect(code(2 ** 100, 27)).toBe('RANGE_EXCEEDED');
    expect(code(Number.MAX_VALUE, 64)).toBe('RANGE_EXCEEDED');
  });
});
