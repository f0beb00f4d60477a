import type { Convolution } from '../../../../protocol/arithmetic/operations/convolution.ts';
import { imageShape } from '../../../../protocol/arithmetic/operations/window.ts';
import { LinearSum, ONE } from '../language/linear.ts';
import type { LinearTensor } from '../linear-tensor.ts';

/**
 * A convolution with fixed weights, as linear expressions over its input: no wires and no constraints, so nothing that a
 * prover could choose. Padded places contribute nothing. [N, C, H, W] → [N, C′, H′, W′].
 */
export function convolutionRows(
  operation: Convolution,
  input: LinearTensor,
  inputShape: readonly number[],
  outputShape: readonly number[],
): LinearTensor {
  const [, channels, height, width] = imageShape(inputShape);
  const [batch, outputs, rows, columns] = imageShape(outputShape);
  const { kernel, strides, pads, dilations, weights, bias, groups } = operation;
  const groupInputs = channels / groups;
  const groupOutputs = outputs / groups;
  const plane = rows * columns;
  return {
    length: batch * outputs * plane,
    terms: groupInputs * kernel[0] * kernel[1] * input.terms,
    row(i) {
      const x0 = (i % columns) * strides[1] - pads[1];
      const y0 = (Math.floor(i / columns) % rows) * strides[0] - pads[0];
      const out = Math.floor(i / plane) % outputs;
      const image = Math.floor(i / (plane * outputs));
      const firstInput = image * channels + Math.floor(out / groupOutputs) * groupInputs;
      const sum = new LinearSum();
      if (bias[out] !== 0) sum.add(ONE, bias[out] as number);
      for (let c = 0; c < groupInputs; c++) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          const y = y0 + ky * dilations[0];
          if (y < 0 || y >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const x = x0 + kx * dilations[1];
            const weight = weights[((out * groupInputs + c) * kernel[0] + ky) * kernel[1] + kx] as number;
            if (x < 0 || x >= width || weight === 0) continue;
            const source = ((firstInput + c) * height + y) * width + x;
            if (input.first === undefined) sum.addLinear(input.row(source), weight);
            else sum.add(input.first + source, weight);
          }
        }
      }
      return sum.finish();
    },
  };
}
