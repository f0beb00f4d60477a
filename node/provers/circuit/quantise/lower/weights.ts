import { TesseraError } from '../../../../../protocol/errors.ts';
import type { ModelNode } from '../../../../model/model.ts';
import type { Quantiser } from '../quantiser.ts';
import { extent, quantiseFloats, scaleFor } from '../scale.ts';

/** What an array of 32-bit integers holds; it would take any other number modulo 2^32. */
const MAX_WEIGHT = 2 ** 31 - 1;

/** Bits that the largest weight of a layer always gets, its sign not counted. */
const LEAST_BITS = 3;

/** How weights become integers. */
export interface WeightPrecision {
  /** Bits that the largest weight fills at most, its sign not counted. */
  bits: number;
  /** Fractional bits that are enough; none unless given. */
  enough?: number;
}

/** Integers of weights, and their scale. */
export interface QuantisedWeights {
  weights: Int32Array;
  scale: number;
}

/** @throws TesseraError `RANGE_EXCEEDED` for a weight that is no finite number or needs more than 31 bits */
export function quantiseWeights(
  values: Float64Array,
  { bits, enough = Infinity }: WeightPrecision,
): QuantisedWeights {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = Math.min(
    scaleFor(largest, bits),
    Math.max(enough, scaleFor(largest, Math.min(bits, LEAST_BITS))),
  );
  const integers = quantiseFloats(values, scale);
  const at = integers.findIndex((integer) => !(Math.abs(integer) <= MAX_WEIGHT));
  if (at >= 0) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `Weight ${at} is ${values[at]}, which is ${integers[at]} at scale ${scale}: weights have at most 31 bits`,
      remedy: 'Allow weights fewer bits.',
      details: { index: at, scale, bits },
    });
  }
  return { weights: Int32Array.from(integers), scale };
}

/**
 * Weights of a layer that sums `inner` products for each output. Where the sums become activations, weights finer than
 * those show cost constraints and give nothing: they get as many fractional bits as keep the rounding errors of one sum
 * within one step of its activation. (An error is uniform within half a unit and an input within its range, one
 * independent of the other: the sum's standard deviation is 2^−bits · √inner · range / 6.)
 *
 * @throws TesseraError as {@link quantiseWeights}
 */
export function quantiseSummed(
  quantiser: Quantiser,
  node: ModelNode,
  values: Float64Array,
  inner: number,
): QuantisedWeights {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const { activationBits, weightBits: bits, edges } = quantiser.options;
  // The answer of the whole model keeps more bits than an activation; an edge between segments does not.
  if (quantiser.model.outputs.includes(output) && !edges.has(output))
    return quantiseWeights(values, { bits });
  const activation = scaleFor(extent(quantiser.range(output)), activationBits);
  const deviation = (Math.sqrt(inner) * extent(quantiser.range(source))) / 6;
  let enough = -32;
  while (enough < 32 && deviation * 2 ** -enough > 2 ** -activation) enough++;
  return quantiseWeights(values, { bits, enough });
}
