import { elementCount } from '../../edge.ts';
import { type Bounds, checkMagnitude, hull, magnitude, scaled } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';

/** What one input adds to each element of the output. */
export interface AffineTerm {
  /** One for all elements, or one for each element of the output. */
  factor: number | Float64Array;
  /** Which element of the input each element of the output takes; left out when they correspond one to one. */
  index?: Int32Array;
}

/** Element-wise Σ factor·input + bias: sums across scales, products with constants, shifts to the left. */
export interface Affine {
  kind: 'affine';
  /** One for each input. */
  terms: readonly AffineTerm[];
  bias: number | Float64Array;
  shape: readonly number[];
}

function at(source: number | Float64Array, i: number): number {
  return typeof source === 'number' ? source : (source[i] as number);
}

function extent(source: number | Float64Array): Bounds {
  if (typeof source === 'number') return { lo: source, hi: source };
  return source.reduce<Bounds>((range, value) => hull(range, { lo: value, hi: value }), {
    lo: Infinity,
    hi: -Infinity,
  });
}

function shape(operation: Affine, inputs: readonly QuantisedTensor[]): readonly number[] {
  const count = elementCount(operation.shape);
  const fits = (source: number | Float64Array): boolean =>
    typeof source === 'number'
      ? Number.isSafeInteger(source)
      : source.length === count && source.every(Number.isSafeInteger);
  requireValid(
    operation.terms.length === inputs.length &&
      inputs.length > 0 &&
      fits(operation.bias) &&
      operation.terms.every((term) => fits(term.factor)),
    'The terms of an affine operation do not fit its inputs or its output.',
  );
  operation.terms.forEach(({ index }, i) => {
    const available = elementCount((inputs[i] as QuantisedTensor).shape);
    requireValid(
      index === undefined
        ? available === count
        : index.length === count && index.every((from) => from >= 0 && from < available),
      `Input ${i} of an affine operation does not cover the output.`,
    );
  });
  return operation.shape;
}

function bounds(operation: Affine, inputs: readonly QuantisedTensor[]): Bounds {
  const result = { ...extent(operation.bias) };
  let largest = magnitude(result);
  operation.terms.forEach(({ factor }, i) => {
    const input = inputs[i] as QuantisedTensor;
    const factors = extent(factor);
    const term = hull(scaled(input, factors.lo), scaled(input, factors.hi));
    largest += magnitude(factors) * magnitude(input);
    result.lo += term.lo;
    result.hi += term.hi;
  });
  checkMagnitude(largest, 'A sum');
  return result;
}

function evaluate(operation: Affine, inputs: readonly Values[]): Values {
  const output = new Float64Array(elementCount(operation.shape));
  for (let i = 0; i < output.length; i++) output[i] = at(operation.bias, i);
  operation.terms.forEach(({ factor, index }, input) => {
    const values = inputs[input] as Values;
    for (let i = 0; i < output.length; i++) {
      const value = values[index === undefined ? i : (index[i] as number)] as number;
      output[i] = (output[i] as number) + at(factor, i) * value;
    }
  });
  return output;
}

export const affine: Operator<Affine> = { shape, bounds, evaluate };
