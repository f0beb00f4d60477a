import type { Model } from '../../model/model.ts';
import type { EzklParams } from '../../provers/ezkl/parameters.ts';
import { ezklRows, publicValues, type SegmentPorts } from './ezkl-rows.ts';

/** What the cost of a circuit of ezkl depends on, besides its parameters. */
export interface EzklSize {
  /** Rows of its layout in one column, as `ezklRows` predicts or ezkl's settings say. */
  rows: number;
  /** Public values; none unless given. */
  instances?: number;
  /** Distinct tables of function values, each of which takes columns of its own; none unless given. */
  tables?: number;
  /** Whether it takes maxima over several elements, which ezkl proves by sorting. */
  shuffles?: boolean;
}

const exponential = ['Exp'];
const logarithm = ['Ln', 'Exp'];

/** The tables that an operator looks values up in, by ezkl's names for those that several operators share. */
const tablesOf: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...[
    ...['Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Cos', 'Cosh', 'Erf', 'Exp', 'HardSwish'],
    ...['Sigmoid', 'Sin', 'Sinh', 'Tan', 'Tanh'],
  ].map((name): [string, readonly string[]] => [name, [name]]),
  ['Log', ['Ln']],
  ['Celu', exponential],
  ['Elu', exponential],
  ['Selu', exponential],
  ['Softmax', exponential],
  ['LogSoftmax', logarithm],
  ['ReduceLogSumExp', logarithm],
  ['Softplus', logarithm],
  ['Round', ['IsOdd']],
]);

const sorting: ReadonlySet<string> = new Set([
  ...['ArgMax', 'ArgMin', 'GlobalMaxPool', 'LogSoftmax', 'MaxPool', 'ReduceMax', 'ReduceMin', 'Softmax'],
]);

/** The distinct lookup tables of these operators together. */
export function countTables(operators: Iterable<string>): number {
  return new Set([...operators].flatMap((operator) => tablesOf.get(operator) ?? [])).size;
}

/** Whether any of these operators is proven by sorting. */
export function takesMaxima(operators: Iterable<string>): boolean {
  return [...operators].some((operator) => sorting.has(operator));
}

/** What a segment's cost will depend on, predicted without ezkl. */
export function ezklSize(
  model: Model,
  ports: SegmentPorts,
  params: Omit<EzklParams, 'k'>,
): Required<EzklSize> {
  const operators = model.nodes.map(({ operator }) => operator);
  return {
    rows: ezklRows(model, ports, params),
    instances: publicValues(model, ports),
    tables: countTables(operators),
    shuffles: takesMaxima(operators),
  };
}
