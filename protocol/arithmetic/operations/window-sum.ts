import { type Bounds, checkMagnitude, hull, magnitude, scaled } from '../bounds.ts';
import type { QuantisedTensor, Values } from '../tensor.ts';
import { requireValid } from './invalid.ts';
import type { Operator } from './operator.ts';
import { imageShape, type Window, windowPositions } from './window.ts';

/** Sums over a window within each channel, times a factor for each position: what averages are made of. */
export interface WindowSum extends Window {
  kind: 'windowSum';
  /** One positive integer per position, [rows, columns] of the output. */
  factors: Int32Array;
}

function shape(operation: WindowSum, [input]: readonly QuantisedTensor[]): readonly number[] {
  const [batch, channels, height, width] = imageShape(input?.shape ?? []);
  const [rows, columns] = windowPositions(operation, height, width);
  requireValid(
    operation.factors.length === rows * columns && operation.factors.every((factor) => factor >= 1),
    'A window sum needs one positive factor for each of its positions.',
  );
  return [batch, channels, rows, columns];
}

function bounds(operation: WindowSum, [input]: readonly QuantisedTensor[]): Bounds {
  const places = operation.kernel[0] * operation.kernel[1];
  const source = hull(input as QuantisedTensor, { lo: 0, hi: 0 });
  const factor = operation.factors.reduce((largest, value) => Math.max(largest, value), 0);
  checkMagnitude(places * factor * magnitude(source), 'A window sum');
  return scaled(source, places * factor);
}

function evaluate(
  operation: WindowSum,
  [input]: readonly Values[],
  [tensor]: readonly QuantisedTensor[],
  outputShape: readonly number[],
): Values {
  const [, , height, width] = imageShape((tensor as QuantisedTensor).shape);
  const [batch, channels, rows, columns] = imageShape(outputShape);
  const { kernel, strides, pads, dilations, factors } = operation;
  const values = input as Values;
  const output = new Float64Array(batch * channels * rows * columns);
  let target = 0;
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let ky = 0; ky < kernel[0]; ky++) {
          const y = row * strides[0] + ky * dilations[0] - pads[0];
          if (y < 0 || y >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const x = column * strides[1] + kx * dilations[1] - pads[1];
            if (x >= 0 && x < width) sum += values[(plane * height + y) * width + x] as number;
          }
        }
        output[target++] = sum * (factors[row * columns + column] as number);
      }
    }
  }
  return output;
}

export const windowSum: Operator<WindowSum> = { shape, bounds, evaluate };
