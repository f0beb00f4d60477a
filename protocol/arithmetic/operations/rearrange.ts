import { elementCount } from '../../edge.ts';
import { type Bounds, hull } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';

/** Copies elements of the inputs to other places, or a constant: every operation that only moves values. */
export interface Rearrange {
  kind: 'rearrange';
  /** For each element of the output an index into the inputs laid end to end, or −1 for `fill`. */
  from: Int32Array;
  fill: number;
  shape: readonly number[];
}

function shape(operation: Rearrange, inputs: readonly QuantisedTensor[]): readonly number[] {
  const available = inputs.reduce((sum, input) => sum + elementCount(input.shape), 0);
  requireValid(
    operation.from.length === elementCount(operation.shape) &&
      Number.isSafeInteger(operation.fill) &&
      operation.from.every((index) => index >= -1 && index < available),
    'A rearrangement reads elements that its inputs do not have.',
  );
  return operation.shape;
}

function bounds({ from, fill }: Rearrange, inputs: readonly QuantisedTensor[]): Bounds {
  const first: Bounds = from.includes(-1) ? { lo: fill, hi: fill } : (inputs[0] as QuantisedTensor);
  const { lo, hi } = inputs.reduce(hull, first);
  return { lo, hi };
}

function evaluate({ from, fill }: Rearrange, inputs: readonly Values[]): Values {
  const output = new Float64Array(from.length);
  let base = 0;
  const starts = inputs.map((input) => {
    const start = base;
    base += input.length;
    return start;
  });
  for (let i = 0; i < output.length; i++) {
    const index = from[i] as number;
    if (index < 0) {
      output[i] = fill;
      continue;
    }
    let input = starts.length - 1;
    while ((starts[input] as number) > index) input--;
    output[i] = (inputs[input] as Values)[index - (starts[input] as number)] as number;
  }
  return output;
}

export const rearrange: Operator<Rearrange> = { shape, bounds, evaluate };
