import type { Bounds } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';

/** How one kind of operation behaves. */
export interface Operator<Op> {
  /** Shape of the output. @throws TesseraError `MODEL_INVALID` when inputs or attributes do not fit together. */
  shape(operation: Op, inputs: readonly QuantisedTensor[]): readonly number[];
  /** Bounds of the output, given those of the inputs; every intermediate stays below `MAGNITUDE_LIMIT` then. */
  bounds(operation: Op, inputs: readonly QuantisedTensor[], shape: readonly number[]): Bounds;
  /**
   * Output values.
   * @throws TesseraError `RANGE_EXCEEDED` when a value leaves the width that the operation is given.
   */
  evaluate(
    operation: Op,
    inputs: readonly Values[],
    tensors: readonly QuantisedTensor[],
    shape: readonly number[],
  ): Values;
}
