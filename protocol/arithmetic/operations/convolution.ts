import { type Bounds, checkMagnitude, magnitude } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';
import { imageShape, type Window, windowPositions } from './window.ts';

/** Cross-correlation with fixed weights, as ONNX `Conv` over two spatial axes. */
export interface Convolution extends Window {
  kind: 'convolution';
  /** [output channels, input channels / groups, kernel height, kernel width], row-major. */
  weights: Int32Array;
  outputChannels: number;
  /** One per output channel, at the accumulator's scale. */
  bias: Float64Array;
  groups: number;
}

function shape(operation: Convolution, [input]: readonly QuantisedTensor[]): readonly number[] {
  const [batch, channels, height, width] = imageShape(input?.shape ?? []);
  const { outputChannels, groups, kernel, weights, bias } = operation;
  requireValid(
    groups >= 1 && channels % groups === 0 && outputChannels % groups === 0,
    `${channels} input and ${outputChannels} output channels do not divide into ${groups} groups.`,
  );
  requireValid(
    weights.length === outputChannels * (channels / groups) * kernel[0] * kernel[1] &&
      bias.length === outputChannels,
    'The weights or the bias of a convolution have the wrong number of elements.',
  );
  return [batch, outputChannels, ...windowPositions(operation, height, width)];
}

function bounds(operation: Convolution, [input]: readonly QuantisedTensor[]): Bounds {
  const { weights, bias, outputChannels } = operation;
  const { lo, hi } = input as QuantisedTensor;
  // A padded place holds zero, whatever the interval.
  const low = Math.min(lo, 0);
  const high = Math.max(hi, 0);
  const fan = weights.length / outputChannels;
  const result = { lo: Infinity, hi: -Infinity };
  for (let channel = 0; channel < outputChannels; channel++) {
    let positive = 0;
    let negative = 0;
    for (let i = channel * fan; i < (channel + 1) * fan; i++) {
      const weight = weights[i] as number;
      if (weight > 0) positive += weight;
      else negative += weight;
    }
    const offset = bias[channel] as number;
    checkMagnitude((positive - negative) * magnitude({ lo, hi }) + Math.abs(offset), 'A convolution');
    result.lo = Math.min(result.lo, positive * low + negative * high + offset);
    result.hi = Math.max(result.hi, positive * high + negative * low + offset);
  }
  return result;
}

function evaluate(
  operation: Convolution,
  [input]: readonly Values[],
  [tensor]: readonly QuantisedTensor[],
  outputShape: readonly number[],
): Values {
  const [batch, channels, height, width] = imageShape((tensor as QuantisedTensor).shape);
  const [, , rows, columns] = imageShape(outputShape);
  const { kernel, strides, pads, dilations, weights, bias, outputChannels, groups } = operation;
  const values = input as Values;
  const groupInputs = channels / groups;
  const groupOutputs = outputChannels / groups;
  const plane = rows * columns;
  const output = new Float64Array(batch * outputChannels * plane);
  for (let image = 0; image < batch; image++) {
    for (let out = 0; out < outputChannels; out++) {
      const target = (image * outputChannels + out) * plane;
      output.fill(bias[out] as number, target, target + plane);
      const firstInput = image * channels + Math.floor(out / groupOutputs) * groupInputs;
      for (let c = 0; c < groupInputs; c++) {
        const source = (firstInput + c) * height * width;
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const weight = weights[((out * groupInputs + c) * kernel[0] + ky) * kernel[1] + kx] as number;
            if (weight === 0) continue;
            const shift = kx * dilations[1] - pads[1];
            // The columns whose tap lies inside the image.
            const first = Math.max(0, Math.ceil(-shift / strides[1]));
            const last = Math.min(columns - 1, Math.floor((width - 1 - shift) / strides[1]));
            for (let row = 0; row < rows; row++) {
              const y = row * strides[0] + ky * dilations[0] - pads[0];
              if (y < 0 || y >= height) continue;
              let from = source + y * width + first * strides[1] + shift;
              for (let to = target + row * columns + first; to <= target + row * columns + last; to++) {
                output[to] = (output[to] as number) + weight * (values[from] as number);
                from += strides[1];
              }
            }
          }
        }
      }
    }
  }
  return output;
}

export const convolution: Operator<Convolution> = { shape, bounds, evaluate };
