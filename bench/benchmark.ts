import type { PartsInit } from '../node/setup/index.ts';
import type { EzklBaseline } from './baseline/ezkl-baseline.ts';
import type { Figure, Row } from './row.ts';

/** What a benchmark measures with. */
export interface BenchContext {
  /** What the program's setup installed; its cache is not used. */
  installation: PartsInit;
  /** A directory of this run's own, removed at its end. */
  scratch: string;
  signal: AbortSignal;
  /** Says what is being measured. */
  say(message: string): void;
  /** Whole-model ezkl on a model of the digits' kind: measured once a run, when first asked for. */
  baseline(model: string): Promise<EzklBaseline>;
}

/** A figure that a benchmark gives, known before it runs. */
export type FigureMark = Pick<Figure, 'name' | 'unit' | 'mark'>;

/** Figures that are measured together. */
export interface Benchmark {
  /** First part of its rows' names. */
  name: string;
  /** Rows that have a mark: printed as missed where the measurement fails. */
  marks: readonly FigureMark[];
  run(context: BenchContext): Promise<Measurement>;
}

export interface Measurement {
  rows: readonly Row[];
  /** Times of steps, parameters and the like: kept beside the results for whoever asks how they came about. */
  detail?: object;
}
