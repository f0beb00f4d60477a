import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../../model/attributes.ts';
import type { ModelNode } from '../../../../model/model.ts';
import type { Lowering, Quantiser } from '../quantiser.ts';
import { indexBy, stridesOf } from './broadcast.ts';

/** Rearranges one tensor; a pending ReLU stays pending unless a constant is filled in. */
export function move(
  quantiser: Quantiser,
  source: string,
  output: string,
  from: Int32Array,
  fill?: number,
): void {
  const pending = fill === undefined || fill === 0;
  const { name, beforeRelu } = pending
    ? quantiser.quantised(source)
    : { name: quantiser.exact(source), beforeRelu: undefined };
  const { scale } = quantiser.tensor(name);
  const operation = {
    kind: 'rearrange',
    from,
    fill: Math.round((fill ?? 0) * 2 ** scale),
    shape: quantiser.shape(output),
  } as const;
  quantiser.define(output, quantiser.emit(operation, [name], scale, output), beforeRelu);
}

/** A constant list of whole numbers: an input of later opsets, an attribute of earlier ones. */
function integers(
  quantiser: Quantiser,
  node: ModelNode,
  input: number,
  attribute: string,
): number[] | undefined {
  const name = node.inputs[input];
  if (name === undefined || name === '') return intsAttribute(node, attribute);
  return Array.from(quantiser.fixed(name).values);
}

/** `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`: the same elements in the same order. */
export const lowerReshape: Lowering = (quantiser, node) => {
  const [output = ''] = node.outputs;
  const count = quantiser.shape(output).reduce((product, size) => product * size, 1);
  const from = Int32Array.from({ length: count }, (_, i) => i);
  move(quantiser, node.inputs[0] ?? '', output, from);
};

/** `Transpose`. */
export const lowerTranspose: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = quantiser.shape(source);
  const order = intsAttribute(node, 'perm') ?? [...shape.keys()].reverse();
  const strides = stridesOf(shape);
  const from = indexBy(quantiser.shape(output), (position) =>
    position.reduce((sum, place, axis) => sum + place * (strides[order[axis] as number] as number), 0),
  );
  move(quantiser, source, output, from);
};

/** `Slice` with constant bounds and steps. */
export const lowerSlice: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = quantiser.shape(source);
  const starts = integers(quantiser, node, 1, 'starts') ?? [];
  const axes = integers(quantiser, node, 3, 'axes') ?? [...starts.keys()];
  const steps = integers(quantiser, node, 4, 'steps') ?? starts.map(() => 1);
  const first = shape.map(() => 0);
  const step = shape.map(() => 1);
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + shape.length : given;
    const size = shape[axis] as number;
    const start = starts[i] as number;
    step[axis] = steps[i] as number;
    const from = start < 0 ? start + size : start;
    first[axis] = Math.max(0, Math.min(from, (steps[i] as number) < 0 ? size - 1 : size));
  });
  const strides = stridesOf(shape);
  const from = indexBy(quantiser.shape(output), (position) =>
    position.reduce(
      (sum, place, axis) =>
        sum + ((first[axis] as number) + place * (step[axis] as number)) * (strides[axis] as number),
      0,
    ),
  );
  move(quantiser, source, output, from);
};

/** `Pad` with a constant or by reflection or repetition of the edge, by constant amounts. */
export const lowerPad: Lowering = (quantiser, node) => {
  const [source = '', , valueName = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = quantiser.shape(source);
  const pads = integers(quantiser, node, 1, 'pads') ?? [];
  const axes = (integers(quantiser, node, 3, 'axes') ?? [...shape.keys()]).map((axis) =>
    axis < 0 ? axis + shape.length : axis,
  );
  const kind = stringAttribute(node, 'mode') ?? 'constant';
  const before = shape.map(() => 0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i] ?? 0;
  });
  const strides = stridesOf(shape);
  const from = indexBy(quantiser.shape(output), (position) => {
    let index = 0;
    for (const [axis, place] of position.entries()) {
      const size = shape[axis] as number;
      let at = place - (before[axis] as number);
      if (kind === 'edge') at = Math.max(0, Math.min(size - 1, at));
      if (kind === 'reflect') at = at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at;
      if (at < 0 || at >= size) return -1;
      index += at * (strides[axis] as number);
    }
    return index;
  });
  const fill = quantiser.constant(valueName)?.values[0] ?? floatAttribute(node, 'value') ?? 0;
  move(quantiser, source, output, from, fill);
};

/** `Split` along an axis. */
export const lowerSplit: Lowering = (quantiser, node) => {
  const [source = ''] = node.inputs;
  const shape = quantiser.shape(source);
  const given = intAttribute(node, 'axis') ?? 0;
  const axis = given < 0 ? given + shape.length : given;
  const strides = stridesOf(shape);
  let start = 0;
  for (const output of node.outputs) {
    const sizes = quantiser.shape(output);
    const offset = start * (strides[axis] as number);
    const from = indexBy(sizes, (position) =>
      position.reduce((sum, place, i) => sum + place * (strides[i] as number), offset),
    );
    if (output !== '') move(quantiser, source, output, from);
    start += sizes[axis] ?? 0;
  }
};

/** `Concat` of computed tensors, brought to the finest of their scales. */
export const lowerConcat: Lowering = (quantiser, node) => {
  const [output = ''] = node.outputs;
  const settled = node.inputs.map((name) => quantiser.settled(name));
  const scale = Math.max(...settled.map((name) => quantiser.tensor(name).scale));
  const names = settled.map((name, i) => quantiser.raised(name, scale, `${output}/input${i}`));
  const shape = quantiser.shape(output);
  const given = intAttribute(node, 'axis') ?? 0;
  const axis = given < 0 ? given + shape.length : given;
  const parts: { end: number; base: number; start: number; strides: number[] }[] = [];
  let [end, base] = [0, 0];
  for (const name of names) {
    const part = quantiser.tensor(name).shape;
    const start = end;
    end += part[axis] as number;
    parts.push({ start, end, base, strides: stridesOf(part) });
    base += part.reduce((product, size) => product * size, 1);
  }
  const from = indexBy(shape, (position) => {
    const part = parts.find((candidate) => (position[axis] as number) < candidate.end);
    if (part === undefined) throw quantiser.unsupported('its inputs do not cover its output');
    return position.reduce(
      (sum, place, i) => sum + (i === axis ? place - part.start : place) * (part.strides[i] as number),
      part.base,
    );
  });
  quantiser.define(output, quantiser.emit({ kind: 'rearrange', from, fill: 0, shape }, names, scale, output));
};
