import { type Linear, wireOf } from './language/linear.ts';

/** A tensor of linear expressions, row-major; a row is made when it is asked for, since layers have millions of terms. */
export interface LinearTensor {
  length: number;
  /** An upper estimate of the terms in a row, the constant not counted. */
  terms: number;
  /** The first wire, when element i is wire `first` + i. */
  first?: number;
  row(i: number): Linear;
}

/** Consecutive wires from `first`. */
export function wireTensor(first: number, length: number): LinearTensor {
  return { length, terms: 1, first, row: (i) => wireOf(first + i) };
}
