import { axisSizes, covered, type Maximum } from '../../../../protocol/arithmetic/operations/maximum.ts';
import { intsAttribute } from '../../../model/attributes.ts';
import type { Model, ModelNode } from '../../../model/model.ts';
import type { FloatRange } from './scale.ts';

/** Where a `MaxPool` slides along one axis. */
export type PoolAxis = Pick<Maximum, 'axis' | 'kernel' | 'stride' | 'dilation' | 'pad' | 'positions'>;

/** The axes that a `MaxPool` takes maxima along, one after the other. */
export function poolAxes(node: ModelNode, outputShape: readonly number[]): PoolAxis[] {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const pads = intsAttribute(node, 'pads') ?? [...ones, ...ones].fill(0);
  return kernel
    .map((size, i) => ({
      axis: i + 2,
      kernel: size,
      stride: strides[i] ?? 1,
      dilation: dilations[i] ?? 1,
      pad: pads[i] ?? 0,
      positions: outputShape[i + 2] ?? 1,
    }))
    .filter(({ kernel, stride, pad }) => kernel > 1 || stride > 1 || pad > 0);
}

/** Under which name calibration keeps the differences that a `MaxPool` meets along an axis. */
export const differenceName = (output: string, axis: number): string => `${output}/axis${axis}/difference`;

/**
 * The tensor whose values a `MaxPool` compares: what lies before a ReLU or a clip that comes first, since they may be
 * put off until after it and can only bring values closer together.
 */
export function comparedTensor(model: Model, node: ModelNode): string {
  const [source = ''] = node.inputs;
  const producer = model.nodes.find(({ outputs }) => outputs.includes(source));
  const before = producer?.inputs[0];
  return before !== undefined && (producer?.operator === 'Relu' || producer?.operator === 'Clip')
    ? before
    : source;
}

/**
 * The largest difference within any window of a `MaxPool`, for each axis it takes maxima along: neighbours differ by
 * far less than a tensor's extremes do, and bits of comparisons are most of what pooling costs.
 *
 * @param values of {@link comparedTensor}, row-major
 */
export function poolDifferences(
  model: Model,
  node: ModelNode,
  values: Float32Array,
): Map<string, FloatRange> {
  const [output = ''] = node.outputs;
  let shape = model.types.get(node.inputs[0] ?? '')?.shape ?? [];
  let current = values;
  const differences = new Map<string, FloatRange>();
  for (const step of poolAxes(node, model.types.get(output)?.shape ?? [])) {
    const [outer, length, inner] = axisSizes(shape, step.axis);
    const maxima = new Float32Array(outer * step.positions * inner);
    let largest = 0;
    for (let o = 0; o < outer; o++) {
      for (let position = 0; position < step.positions; position++) {
        const [first, stride, count] = covered(step, position, length);
        for (let i = 0; i < inner; i++) {
          let [least, most] = [Infinity, -Infinity];
          for (let k = 0; k < count; k++) {
            const value = current[(o * length + first + k * stride) * inner + i] as number;
            if (value < least) least = value;
            if (value > most) most = value;
          }
          maxima[(o * step.positions + position) * inner + i] = most;
          if (most - least > largest) largest = most - least;
        }
      }
    }
    differences.set(differenceName(output, step.axis), { min: 0, max: largest });
    shape = shape.with(step.axis, step.positions);
    current = maxima;
  }
  return differences;
}
