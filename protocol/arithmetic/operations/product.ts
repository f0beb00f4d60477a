import { elementCount } from '../../edge.ts';
import { type Bounds, checkMagnitude } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';

/** Element-wise product of two tensors. */
export interface Product {
  kind: 'product';
  /** For each element of the output the elements of the inputs that it takes. */
  left: Int32Array;
  right: Int32Array;
  shape: readonly number[];
}

function shape(operation: Product, [left, right]: readonly QuantisedTensor[]): readonly number[] {
  const count = elementCount(operation.shape);
  const fits = (index: Int32Array, input: QuantisedTensor | undefined): boolean =>
    input !== undefined &&
    index.length === count &&
    index.every((from) => from >= 0 && from < elementCount(input.shape));
  requireValid(
    fits(operation.left, left) && fits(operation.right, right),
    'A product reads elements that its inputs do not have.',
  );
  return operation.shape;
}

function bounds(_: Product, inputs: readonly QuantisedTensor[]): Bounds {
  const [left, right] = inputs as [QuantisedTensor, QuantisedTensor];
  const corners = [left.lo * right.lo, left.lo * right.hi, left.hi * right.lo, left.hi * right.hi];
  const result = { lo: Math.min(...corners), hi: Math.max(...corners) };
  checkMagnitude(Math.max(Math.abs(result.lo), Math.abs(result.hi)), 'A product');
  return result;
}

function evaluate(operation: Product, inputs: readonly Values[]): Values {
  const [left, right] = inputs as [Values, Values];
  const output = new Float64Array(operation.left.length);
  for (let i = 0; i < output.length; i++) {
    const a = left[operation.left[i] as number] as number;
    const b = right[operation.right[i] as number] as number;
    // Integers have no −0.
    output[i] = a * b + 0;
  }
  return output;
}

export const product: Operator<Product> = { shape, bounds, evaluate };
