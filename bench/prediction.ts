import type { SegmentCost } from '../node/plan/cost-model/segment-cost.ts';
import type { FigureMark } from './benchmark.ts';
import { judge, type Row } from './row.ts';

/** What one segment took, and what the plan had expected of it. */
export interface PredictedSegment {
  setupSeconds: number;
  seconds: number;
  setupPeakBytes: number;
  peakBytes: number;
  expected: Pick<SegmentCost, 'setupSeconds' | 'proveSeconds' | 'setupBytes' | 'proveBytes'>;
}

/** By how much a plan may be wrong about any one segment: percent of what was measured. */
const allowed = { time: 40, memory: 25 } as const;

type Predicted = keyof typeof allowed;

/** The two figures that {@link predictionRows} gives. */
export function predictionMarks(benchmark: string): FigureMark[] {
  return (['time', 'memory'] as const).map((kind) => figureOf(benchmark, kind));
}

/** How far the plan was off at worst, over all segments: keys and proof together, and the larger peak of the two. */
export function predictionRows(benchmark: string, segments: readonly PredictedSegment[]): Row[] {
  const worst = (errorOf: (segment: PredictedSegment) => number) => {
    const error = 100 * Math.max(...segments.map(errorOf));
    // Nothing was measured, or it took nothing.
    return Number.isFinite(error) ? error : null;
  };
  const time = worst(({ setupSeconds, seconds, expected }) =>
    relativeError(expected.setupSeconds + expected.proveSeconds, setupSeconds + seconds),
  );
  const memory = worst(({ setupPeakBytes, peakBytes, expected }) =>
    relativeError(Math.max(expected.setupBytes, expected.proveBytes), Math.max(setupPeakBytes, peakBytes)),
  );
  return [
    judge({ ...figureOf(benchmark, 'time'), value: time }),
    judge({ ...figureOf(benchmark, 'memory'), value: memory }),
  ];
}

function figureOf(benchmark: string, kind: Predicted): FigureMark {
  return {
    name: `${benchmark}/${kind} as predicted, off by`,
    unit: '%',
    mark: { of: 'value', atMost: allowed[kind] },
  };
}

function relativeError(predicted: number, measured: number): number {
  return Math.abs(predicted / measured - 1);
}
