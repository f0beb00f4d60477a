import { intAttribute, intsAttribute } from '../../../../model/attributes.ts';
import type { Lowering } from '../quantiser.ts';
import { quantiseFloats } from '../scale.ts';
import { quantiseSummed } from './weights.ts';

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
  const { weights, scale } = quantiseSummed(
    quantiser,
    node,
    kernel.values,
    kernel.values.length / outputChannels,
  );
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
