import { TesseraError } from '../../../../../protocol/errors.ts';
import { intAttribute, intsAttribute } from '../../../../model/attributes.ts';
import type { Lowering } from '../quantiser.ts';
import { quantiseFloats, scaleFor } from '../scale.ts';

/** What an array of 32-bit integers holds; it would take any other number modulo 2^32. */
const MAX_WEIGHT = 2 ** 31 - 1;

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/**
 * Integers of weights, and their scale: as many fractional bits as the options' width leaves.
 *
 * @throws TesseraError `RANGE_EXCEEDED` for a weight that is no finite number or needs more than 31 bits
 */
export function quantiseWeights(values: Float64Array, bits: number): { weights: Int32Array; scale: number } {
  const scale = scaleFor(largest(values), bits);
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

/** `Conv` over one or two spatial axes with constant weights. */
export const lowerConvolution: Lowering = (quantiser, node) => {
  const [source = '', weightName = '', biasName = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const kernel = quantiser.fixed(weightName);
  const spatial = kernel.shape.length - 2;
  const bias = biasName === '' ? undefined : quantiser.fixed(biasName);

  let input = quantiser.settled(source);
  const shape = quantiser.tensor(input).shape;
  if (spatial === 1)
    input = quantiser.reshaped(input, [...shape.slice(0, 2), 1, ...shape.slice(2)], `${output}/image`);
  const pair = (name: string, otherwise: number): readonly [number, number] => {
    const given = intsAttribute(node, name) ?? new Array<number>(spatial).fill(otherwise);
    return [spatial === 1 ? otherwise : (given[0] ?? otherwise), given.at(-1) ?? otherwise];
  };
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * spatial).fill(0);
  const [outputChannels = 0] = kernel.shape;
  const { weights, scale } = quantiseWeights(kernel.values, quantiser.options.weightBits);
  const accumulator = quantiser.tensor(input).scale + scale;
  const result = quantiser.emit(
    {
      kind: 'convolution',
      weights,
      outputChannels,
      bias: bias === undefined ? new Float64Array(outputChannels) : quantiseFloats(bias.values, accumulator),
      groups: intAttribute(node, 'group') ?? 1,
      kernel: [spatial === 1 ? 1 : (kernel.shape[2] ?? 1), kernel.shape.at(-1) ?? 1],
      strides: pair('strides', 1),
      dilations: pair('dilations', 1),
      pads:
        spatial === 1
          ? [0, pads[0] ?? 0, 0, pads[1] ?? 0]
          : [pads[0] ?? 0, pads[1] ?? 0, pads[2] ?? 0, pads[3] ?? 0],
    },
    [input],
    accumulator,
    spatial === 1 ? `${output}/accumulator` : output,
  );
  quantiser.define(
    output,
    spatial === 1 ? quantiser.reshaped(result, quantiser.shape(output), output) : result,
  );
};
