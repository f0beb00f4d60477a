import { describe, expect, it } from 'vitest';
import { median, repeat, summarise } from './repeat.ts';

describe('median', () => {
  it('orders numbers as numbers', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('repeat', () => {
  const runs = (times: readonly number[]) => {
    const left = [...times];
    return repeat(async () => ({ seconds: left.shift() as number, peakBytes: 0 }));
  };

  it('makes short runs three times and long ones once', async () => {
    expect((await runs([29.9, 31, 12])).map(({ seconds }) => seconds)).toEqual([29.9, 31, 12]);
    expect(await runs([30])).toHaveLength(1);
  });
});

describe('summarise', () => {
  it('takes the median of times and the largest of peaks', () => {
    const runs = [
      { seconds: 3, peakBytes: 10 },
      { seconds: 1, peakBytes: 30 },
      { seconds: 2, peakBytes: 20 },
    ];
    expect(summarise(runs)).toEqual({ seconds: 2, peakBytes: 30 });
  });
});
