import { type Bounds, checkMagnitude, magnitude } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';

/** Rows times a fixed matrix, plus a bias: [..., inner] → [..., outer], as ONNX `Gemm` and `MatMul`. */
export interface Matrix {
  kind: 'matrix';
  /** [outer, inner], row-major. */
  weights: Int32Array;
  inner: number;
  outer: number;
  /** One per column of the output, at the accumulator's scale. */
  bias: Float64Array;
}

function shape(operation: Matrix, [input]: readonly QuantisedTensor[]): readonly number[] {
  const { inner, outer, weights, bias } = operation;
  const source = input?.shape ?? [];
  requireValid(
    source.length >= 1 && source.at(-1) === inner,
    `Rows of ${source.at(-1)} do not fit a matrix of ${inner}.`,
  );
  requireValid(
    weights.length === inner * outer && bias.length === outer,
    'The weights or the bias of a matrix have the wrong number of elements.',
  );
  return [...source.slice(0, -1), outer];
}

function bounds(operation: Matrix, [input]: readonly QuantisedTensor[]): Bounds {
  const { lo, hi } = input as QuantisedTensor;
  const result = { lo: Infinity, hi: -Infinity };
  for (let column = 0; column < operation.outer; column++) {
    let positive = 0;
    let negative = 0;
    for (let i = column * operation.inner; i < (column + 1) * operation.inner; i++) {
      const weight = operation.weights[i] as number;
      if (weight > 0) positive += weight;
      else negative += weight;
    }
    const offset = operation.bias[column] as number;
    checkMagnitude((positive - negative) * magnitude({ lo, hi }) + Math.abs(offset), 'A matrix product');
    result.lo = Math.min(result.lo, positive * lo + negative * hi + offset);
    result.hi = Math.max(result.hi, positive * hi + negative * lo + offset);
  }
  return result;
}

function evaluate(operation: Matrix, [input]: readonly Values[]): Values {
  const { inner, outer, weights, bias } = operation;
  const values = input as Values;
  const rows = values.length / inner;
  const output = new Float64Array(rows * outer);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < outer; column++) {
      let sum = bias[column] as number;
      for (let i = 0; i < inner; i++) {
        sum += (weights[column * inner + i] as number) * (values[row * inner + i] as number);
      }
      output[row * outer + column] = sum;
    }
  }
  return output;
}

export const matrix: Operator<Matrix> = { shape, bounds, evaluate };
