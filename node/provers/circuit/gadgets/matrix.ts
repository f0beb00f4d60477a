import type { Matrix } from '../../../../protocol/arithmetic/operations/matrix.ts';
import { LinearSum, ONE } from '../language/linear.ts';
import type { LinearTensor } from '../linear-tensor.ts';

/**
 * Rows times a fixed matrix plus a bias, as linear expressions over the input: no wires and no constraints, so nothing
 * that a prover could choose. [..., inner] → [..., outer].
 */
export function matrixRows(operation: Matrix, input: LinearTensor): LinearTensor {
  const { inner, outer, weights, bias } = operation;
  return {
    length: (input.length / inner) * outer,
    terms: inner * input.terms,
    row(i) {
      const column = i % outer;
      const start = Math.floor(i / outer) * inner;
      const sum = new LinearSum();
      if (bias[column] !== 0) sum.add(ONE, bias[column] as number);
      for (let k = 0; k < inner; k++) {
        const weight = weights[column * inner + k] as number;
        if (weight === 0) continue;
        if (input.first === undefined) sum.addLinear(input.row(start + k), weight);
        else sum.add(input.first + start + k, weight);
      }
      return sum.finish();
    },
  };
}
