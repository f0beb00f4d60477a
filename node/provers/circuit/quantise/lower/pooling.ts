import { windowPositions } from '../../../../../protocol/arithmetic/operations/window.ts';
import { intAttribute, intsAttribute } from '../../../../model/attributes.ts';
import type { ModelNode } from '../../../../model/model.ts';
import { poolAxes } from '../pool-differences.ts';
import type { Lowering, Quantiser } from '../quantiser.ts';
import { indexBy, stridesOf } from './broadcast.ts';

/** Fractional bits of 1 / n where n is not a power of two. */
const RECIPROCAL_BITS = 12;

/** Integer factors close to 1 / count, and the fractional bits they have. */
function reciprocals(quantiser: Quantiser, counts: readonly number[]): { factors: Int32Array; bits: number } {
  const [least, most] = counts.reduce(
    ([low, high], count) => [Math.min(low, count), Math.max(high, count)],
    [Infinity, 0],
  );
  const exact = least === most && Number.isInteger(Math.log2(most));
  const bits = exact ? Math.log2(most) : RECIPROCAL_BITS + Math.floor(Math.log2(most));
  // An array of 32-bit integers would take a larger factor modulo 2^32.
  if (2 ** bits / least >= 2 ** 31)
    throw quantiser.unsupported(`its windows cover from ${least} to ${most} elements`);
  return { factors: Int32Array.from(counts, (count) => Math.round(2 ** bits / count)), bits };
}

/** `MaxPool`: the maximum along each spatial axis in turn; a pending ReLU stays pending. */
export const lowerMaxPool: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const { name, beforeRelu } = quantiser.quantised(source);
  const { scale } = quantiser.tensor(name);
  const axes = poolAxes(node, quantiser.shape(output));
  const result = axes.reduce((input, step, i) => {
    const bits = quantiser.differenceBits(node, step.axis);
    const label = i === axes.length - 1 ? output : `${output}/axis${i}`;
    return quantiser.emit({ kind: 'maximum', ...step, bits }, [input], scale, label);
  }, name);
  quantiser.define(output, result, beforeRelu);
};

/** `AveragePool` over one or two spatial axes. */
export const lowerAveragePool: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const flat = kernel.length === 1;
  const ones = kernel.map(() => 1);
  const pair = (values: readonly number[], otherwise: number) =>
    [flat ? otherwise : (values[0] ?? otherwise), values.at(-1) ?? otherwise] as const;
  const given = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  const pads = flat
    ? ([0, given[0] ?? 0, 0, given[1] ?? 0] as const)
    : ([given[0] ?? 0, given[1] ?? 0, given[2] ?? 0, given[3] ?? 0] as const);
  const window = {
    kernel: pair(kernel, 1),
    strides: pair(intsAttribute(node, 'strides') ?? ones, 1),
    dilations: pair(intsAttribute(node, 'dilations') ?? ones, 1),
    pads,
  };
  let input = quantiser.settled(source);
  if (flat) {
    const { shape } = quantiser.tensor(input);
    input = quantiser.reshaped(input, [...shape.slice(0, 2), 1, ...shape.slice(2)], `${output}/image`);
  }
  const [, , height = 1, width = 1] = quantiser.tensor(input).shape;
  const [rows, columns] = windowPositions(window, height, width);
  const includePads = intAttribute(node, 'count_include_pad') === 1;
  const covered = (axis: 0 | 1, position: number, size: number): number => {
    const taps = Array.from(
      { length: window.kernel[axis] },
      (_, k) => position * window.strides[axis] + k * window.dilations[axis] - window.pads[axis],
    );
    return includePads ? taps.length : taps.filter((tap) => tap >= 0 && tap < size).length;
  };
  const counts = Array.from(
    { length: rows * columns },
    (_, i) => covered(0, Math.floor(i / columns), height) * covered(1, i % columns, width),
  );
  const { factors, bits } = reciprocals(quantiser, counts);
  const scale = quantiser.tensor(input).scale + bits;
  const label = flat ? `${output}/sums` : output;
  const result = quantiser.emit({ kind: 'windowSum', ...window, factors }, [input], scale, label);
  quantiser.define(output, flat ? quantiser.reshaped(result, quantiser.shape(output), output) : result);
};

/** The mean over some axes: they are brought last, summed as one window, and the shape restored. */
function meanOver(quantiser: Quantiser, node: ModelNode, axes: readonly number[]): void {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const input = quantiser.settled(source);
  const { shape, scale } = quantiser.tensor(input);
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const order = [...shape.keys()].sort((a, b) => Number(reduced.has(a)) - Number(reduced.has(b)) || a - b);
  const count = shape.reduce((product, size, axis) => (reduced.has(axis) ? product * size : product), 1);
  const planes = shape.reduce((product, size) => product * size, 1) / count;
  const strides = stridesOf(shape);
  const sizes = order.map((axis) => shape[axis] as number);
  const from = indexBy(sizes, (position) =>
    position.reduce((sum, place, i) => sum + place * (strides[order[i] as number] as number), 0),
  );
  const arranged = { kind: 'rearrange', from, fill: 0, shape: [1, planes, 1, count] } as const;
  const rows = quantiser.emit(arranged, [input], scale, `${output}/rows`);
  const { factors, bits } = reciprocals(quantiser, [count]);
  const operation = {
    kind: 'windowSum',
    kernel: [1, count],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    factors,
  } as const;
  const sums = quantiser.emit(operation, [rows], scale + bits, `${output}/sums`);
  quantiser.define(output, quantiser.reshaped(sums, quantiser.shape(output), output));
}

/** `GlobalAveragePool`. */
export const lowerGlobalAveragePool: Lowering = (quantiser, node) => {
  const rank = quantiser.shape(node.inputs[0] ?? '').length;
  meanOver(
    quantiser,
    node,
    Array.from({ length: rank - 2 }, (_, i) => i + 2),
  );
};

/** `ReduceMean` over constant axes. */
export const lowerReduceMean: Lowering = (quantiser, node) => {
  const [source = '', axesName = ''] = node.inputs;
  const given = axesName === '' ? intsAttribute(node, 'axes') : quantiser.fixed(axesName).values;
  const all = [...quantiser.shape(source).keys()];
  const none = given === undefined || given.length === 0;
  if (none && intAttribute(node, 'noop_with_empty_axes') === 1) {
    quantiser.define(node.outputs[0] ?? '', quantiser.exact(source));
    return;
  }
  meanOver(quantiser, node, none ? all : Array.from(given));
};
