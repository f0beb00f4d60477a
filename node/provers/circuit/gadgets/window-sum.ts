import { imageShape } from '../../../../protocol/arithmetic/operations/window.ts';
import type { WindowSum } from '../../../../protocol/arithmetic/operations/window-sum.ts';
import { LinearSum } from '../language/linear.ts';
import type { LinearTensor } from '../linear-tensor.ts';

/**
 * Sums over windows times fixed factors, as linear expressions over the input: no wires and no constraints, so nothing
 * that a prover could choose. The division of an average is the requantisation that follows. [N, C, H, W] → [N, C, H′, W′].
 */
export function windowSumRows(
  operation: WindowSum,
  input: LinearTensor,
  inputShape: readonly number[],
  outputShape: readonly number[],
): LinearTensor {
  const [, , height, width] = imageShape(inputShape);
  const [batch, channels, rows, columns] = imageShape(outputShape);
  const { kernel, strides, pads, dilations, factors } = operation;
  return {
    length: batch * channels * rows * columns,
    terms: kernel[0] * kernel[1] * input.terms,
    row(i) {
      const position = i % (rows * columns);
      const plane = Math.floor(i / (rows * columns));
      const x0 = (position % columns) * strides[1] - pads[1];
      const y0 = Math.floor(position / columns) * strides[0] - pads[0];
      const sum = new LinearSum();
      for (let ky = 0; ky < kernel[0]; ky++) {
        const y = y0 + ky * dilations[0];
        if (y < 0 || y >= height) continue;
        for (let kx = 0; kx < kernel[1]; kx++) {
          const x = x0 + kx * dilations[1];
          if (x < 0 || x >= width) continue;
          sum.addLinear(input.row((plane * height + y) * width + x), factors[position] as number);
        }
      }
      return sum.finish();
    },
  };
}
