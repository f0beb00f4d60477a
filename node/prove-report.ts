import type { ProveReport } from './prove.ts';
import type { OutputComparison } from './requester/compare-outputs.ts';

type WithOutputs = Pick<ProveReport, 'outputs'>;

/** A report that survives JSON. */
export type ReportForPrograms<Report extends WithOutputs = ProveReport> = Omit<Report, 'outputs'> & {
  outputs: readonly (Omit<OutputComparison, 'float' | 'proven'> & { float: number[]; proven: number[] })[];
};

/** Typed arrays would print as objects. */
export function reportForPrograms<Report extends WithOutputs>(report: Report): ReportForPrograms<Report> {
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
