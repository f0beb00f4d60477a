import { describe, expect, it } from 'vitest';
import { type PredictedSegment, predictionMarks, predictionRows } from './prediction.ts';

const segment = (measured: number, predicted: number, peak: number, bytes: number): PredictedSegment => ({
  setupSeconds: measured / 2,
  seconds: measured / 2,
  setupPeakBytes: peak / 2,
  peakBytes: peak,
  expected: { setupSeconds: predicted, proveSeconds: 0, setupBytes: bytes, proveBytes: 1 },
});

describe('predictionRows', () => {
  it('gives the worst segment, whether too much or too little was expected', () => {
    const [time, memory] = predictionRows('a', [segment(10, 12, 100, 90), segment(10, 5, 100, 130)]);
    expect(time).toMatchObject({ value: 50, unit: '%', mark: 'at most 40 %', holds: false });
    expect(memory?.value).toBeCloseTo(30);
    expect(memory).toMatchObject({ mark: 'at most 25 %', holds: false });
  });

  it('holds what is close enough', () => {
    const rows = predictionRows('a', [segment(10, 13.9, 100, 76)]);
    expect(rows.map(({ holds }) => holds)).toEqual([true, true]);
    expect(rows.map(({ name }) => name)).toEqual(predictionMarks('a').map(({ name }) => name));
  });

  it('does not hold where nothing was measured', () => {
    expect(predictionRows('a', []).map(({ holds }) => holds)).toEqual([false, false]);
    expect(predictionRows('a', [segment(0, 1, 0, 1)]).map(({ holds }) => holds)).toEqual([false, false]);
  });
});
