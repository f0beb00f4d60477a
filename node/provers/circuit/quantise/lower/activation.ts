import { floatAttribute } from '../../../../model/attributes.ts';
import type { Lowering, Quantiser } from '../quantiser.ts';
import { bitsFor } from '../scale.ts';
import { broadcastIndex } from './broadcast.ts';

/** Fractional bits of a leaky ReLU's slope. */
const SLOPE_BITS = 8;

/** `Relu`: left pending, since it is cheapest together with the next rescaling. */
export const lowerRelu: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const { name, beforeRelu = source } = quantiser.quantised(source);
  quantiser.define(output, name, beforeRelu);
};

/** max(x − offset, 0) of a settled tensor. */
function excessOver(quantiser: Quantiser, name: string, offset: number, label: string): string {
  const { shape, scale } = quantiser.tensor(name);
  const operation = { kind: 'affine', terms: [{ factor: 1 }], bias: -offset, shape } as const;
  const shifted = offset === 0 ? name : quantiser.emit(operation, [name], scale, `${label}/shifted`);
  const { lo, hi } = quantiser.tensor(shifted);
  const bits = Math.max(bitsFor(hi), bitsFor(-lo));
  const requantise = { kind: 'requantise', shift: 0, bits, rectify: true } as const;
  return quantiser.emit(requantise, [shifted], scale, `${label}/excess`);
}

/** `Clip` between constants: l + max(x − l, 0) − max(x − h, 0). Where l > h, all is h, as ONNX has it. */
export const lowerClip: Lowering = (quantiser, node) => {
  const [source = '', lowName = '', highName = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const limit = (name: string, attribute: string, otherwise: number): number => {
    const constant = name === '' ? undefined : quantiser.fixed(name);
    return constant?.values[0] ?? floatAttribute(node, attribute) ?? otherwise;
  };
  const high = limit(highName, 'max', Infinity);
  const low = Math.min(limit(lowName, 'min', -Infinity), high);
  // What the lower limit cuts off need not be held exactly: at 0 it is a ReLU.
  if (low === 0) lowerRelu(quantiser, node);
  const input = low === 0 ? quantiser.settled(output) : quantiser.settled(source);
  const { scale, shape, lo, hi } = quantiser.tensor(input);
  const floor = Math.max(lo, Math.round(low * 2 ** scale));
  const ceiling = Math.min(hi, Math.round(high * 2 ** scale));
  const raises = floor > lo;
  const cuts = ceiling < hi;
  const inputs = [raises ? excessOver(quantiser, input, floor, output) : input];
  const terms = [{ factor: 1 }];
  if (cuts) {
    inputs.push(excessOver(quantiser, input, ceiling, output));
    terms.push({ factor: -1 });
  }
  const bias = raises ? floor : 0;
  const clipped =
    raises || cuts ? quantiser.emit({ kind: 'affine', terms, bias, shape }, inputs, scale, output) : input;
  quantiser.define(output, clipped);
};

/** slope·x + (1 − slope)·max(x, 0), with one slope or one for each element. */
function leaky(quantiser: Quantiser, source: string, output: string, slope: number | Float64Array): void {
  const input = quantiser.settled(source);
  const { shape, scale } = quantiser.tensor(input);
  const unit = 2 ** SLOPE_BITS;
  const fixed =
    typeof slope === 'number' ? Math.round(slope * unit) : slope.map((value) => Math.round(value * unit));
  const rest = typeof fixed === 'number' ? unit - fixed : fixed.map((value) => unit - value);
  const positive = excessOver(quantiser, input, 0, output);
  const terms = [{ factor: fixed }, { factor: rest }];
  const operation = { kind: 'affine', terms, bias: 0, shape } as const;
  quantiser.define(output, quantiser.emit(operation, [input, positive], scale + SLOPE_BITS, output));
}

/** `LeakyRelu`. */
export const lowerLeakyRelu: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  leaky(quantiser, source, output, floatAttribute(node, 'alpha') ?? 0.01);
};

/** `PRelu` with constant slopes. */
export const lowerPRelu: Lowering = (quantiser, node) => {
  const [source = '', slopeName = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const slope = quantiser.fixed(slopeName);
  const index = broadcastIndex(slope.shape, quantiser.shape(output));
  leaky(
    quantiser,
    source,
    output,
    Float64Array.from(index, (from) => slope.values[from] as number),
  );
};
