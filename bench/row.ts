/** What a row's figure must not exceed. */
export interface Mark {
  of: 'value' | 'ratio';
  /** In the row's unit, or as a share of the baseline. */
  atMost: number;
}

export type Unit =
  | 's'
  | 'MB'
  | '%'
  | 'constraints'
  | 'multiplications'
  | 'segments'
  | 'gas'
  | 'B'
  | 'messages';

/** One line of the results; scripts rely on the names. */
export interface Row {
  /** `benchmark/figure`, unique. */
  name: string;
  unit: Unit;
  /** `null` where the measurement failed. */
  value: number | null;
  /** The same figure of what the benchmark is held against, in the same run: of whole-model ezkl unless it says otherwise. */
  baseline: number | null;
  /** value / baseline */
  ratio: number | null;
  /** Share of test digits with the class that the float model gives them; a row counts from 0.99 on. */
  fidelity: number | null;
  /** What was aimed at, in words. */
  mark: string | null;
  /** Whether the mark is met; `null` for a row without one. */
  holds: boolean | null;
}

export const neededFidelity = 0.99;

export interface Figure {
  name: string;
  unit: Unit;
  value: number | null;
  baseline?: number | null;
  fidelity?: number | null;
  mark?: Mark;
}

/** Holds a figure to its mark. What was not measured, or not faithfully, does not hold. */
export function judge({ name, unit, value, baseline = null, fidelity = null, mark }: Figure): Row {
  const ratio = value === null || baseline === null ? null : value / baseline;
  const marked = mark?.of === 'ratio' ? ratio : value;
  return {
    name,
    unit,
    value,
    baseline,
    ratio,
    fidelity,
    mark: mark === undefined ? null : describeMark(mark, unit),
    holds:
      mark === undefined
        ? null
        : marked !== null && marked <= mark.atMost && (fidelity === null || fidelity >= neededFidelity),
  };
}

/** Rows of a benchmark that could not be measured: their marks are missed, not left out. */
export function unmeasured(figures: readonly Pick<Figure, 'name' | 'unit' | 'mark'>[]): Row[] {
  return figures.map((figure) => judge({ ...figure, value: null }));
}

function describeMark({ of, atMost }: Mark, unit: Unit): string {
  if (of === 'value') return `at most ${atMost.toLocaleString('en-GB')} ${unit}`;
  const inverse = 1 / atMost;
  const share =
    atMost < 1 && Number.isInteger(Math.round(inverse * 1e6) / 1e6)
      ? `1/${Math.round(inverse)}`
      : `${Number(atMost.toFixed(3))}`;
  return atMost === 1 ? 'no more than the baseline' : `at most ${share} of the baseline`;
}
