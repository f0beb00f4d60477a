import type { Rearrange } from '../../../../protocol/arithmetic/operations/rearrange.ts';
import { constantOf } from '../language/linear.ts';
import type { LinearTensor } from '../linear-tensor.ts';

/** The inputs' expressions at other places: no wires and no constraints, so nothing that a prover could choose. */
export function rearrangeRows(operation: Rearrange, inputs: readonly LinearTensor[]): LinearTensor {
  const { from, fill } = operation;
  const [only] = inputs;
  const terms = inputs.reduce((largest, input) => Math.max(largest, input.terms), 0);
  const inOrder =
    inputs.length === 1 && from.length === only?.length && from.every((index, i) => index === i);
  if (inOrder && only !== undefined) return only;
  return {
    length: from.length,
    terms,
    row(i) {
      let index = from[i] as number;
      if (index < 0) return constantOf(fill);
      let input = 0;
      while (index >= (inputs[input] as LinearTensor).length) {
        index -= (inputs[input] as LinearTensor).length;
        input++;
      }
      return (inputs[input] as LinearTensor).row(index);
    },
  };
}
