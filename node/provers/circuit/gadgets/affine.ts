import type { Affine } from '../../../../protocol/arithmetic/operations/affine.ts';
import { elementCount } from '../../../../protocol/edge.ts';
import { LinearSum, ONE } from '../language/linear.ts';
import type { LinearTensor } from '../linear-tensor.ts';

/**
 * Element-wise Σ factor·input + bias as linear expressions: no wires and no constraints, so nothing that a prover could
 * choose. Sums cannot wrap, because the model's bounds keep every one of them below 2^52 in magnitude.
 */
export function affineRows(operation: Affine, inputs: readonly LinearTensor[]): LinearTensor {
  const at = (source: number | Float64Array, i: number): number =>
    typeof source === 'number' ? source : (source[i] as number);
  return {
    length: elementCount(operation.shape),
    terms: inputs.reduce((sum, input) => sum + input.terms, 0),
    row(i) {
      const sum = new LinearSum();
      const bias = at(operation.bias, i);
      if (bias !== 0) sum.add(ONE, bias);
      operation.terms.forEach(({ factor, index }, k) => {
        const source = index === undefined ? i : (index[i] as number);
        sum.addLinear((inputs[k] as LinearTensor).row(source), at(factor, i));
      });
      return sum.finish();
    },
  };
}
