import type { OutputComparison, ProveReport } from './prove.ts';

/** A report that survives JSON. */
export interface ReportForPrograms extends Omit<ProveReport, 'outputs'> {
  outputs: readonly (Omit<OutputComparison, 'float' | 'proven'> & { float: number[]; proven: number[] })[];
}

/** Typed arrays would print as objects. */
export function reportForPrograms(report: ProveReport): ReportForPrograms {
  return {
    ...report,
    outputs: report.outputs.map(({ float, proven, ...rest }) => ({
      ...rest,
      float: Array.from(float),
      proven: Array.from(proven),
    })),
  };
}

/** What {@link reportForPrograms} was made of. */
export function reportFromPrograms(report: ReportForPrograms): ProveReport {
  return {
    ...report,
    outputs: report.outputs.map(({ float, proven, ...rest }) => ({
      ...rest,
      float: Float64Array.from(float),
      proven: Float64Array.from(proven),
    })),
  };
}
