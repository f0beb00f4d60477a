import { intsAttribute, stringAttribute } from '../attributes.ts';
import type { Draft } from '../draft.ts';
import type { Attribute, ModelNode } from '../model.ts';
import { knownType } from './known-type.ts';

const poolings: ReadonlySet<string> = new Set(['MaxPool', 'AveragePool', 'LpPool']);
const convolutions: ReadonlySet<string> = new Set(['Conv', 'ConvInteger', 'QLinearConv', 'ConvTranspose']);
/** Where the weights stand among the inputs; their last dimensions are the window. */
const weightInput: Readonly<Record<string, number>> = { QLinearConv: 3 };

/**
 * The attributes of a sliding window (convolution or pooling), all written out and `auto_pad` resolved to
 * pads. Empty for other operators and where the input's shape is unknown.
 * Rules: https://onnx.ai/onnx/operators/onnx__Conv.html and its neighbours.
 */
export function windowAttributes(draft: Draft, node: ModelNode, opset: number): Map<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  const isPooling = poolings.has(node.operator);
  if (!isPooling && !convolutions.has(node.operator)) return attributes;
  const input = knownType(draft, node.inputs[0] ?? '')?.shape.slice(2);
  const weights = knownType(draft, node.inputs[weightInput[node.operator] ?? 1] ?? '')?.shape.slice(2);
  const kernel = intsAttribute(node, 'kernel_shape') ?? (isPooling ? undefined : weights);
  if (input === undefined || kernel === undefined) return attributes;

  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const setInts = (name: string, values: readonly number[]) =>
    attributes.set(name, { type: 'ints', value: values.map(BigInt) });
  const setInt = (name: string, otherwise: number) => {
    if (!node.attributes.has(name)) attributes.set(name, { type: 'int', value: BigInt(otherwise) });
  };

  setInts('kernel_shape', kernel);
  setInts('strides', strides);
  if (!isPooling || opset >= (node.operator === 'MaxPool' ? 10 : node.operator === 'AveragePool' ? 19 : 18)) {
    setInts('dilations', dilations);
  }
  if (!isPooling) setInt('group', 1);
  if (node.operator === 'MaxPool' && opset >= 8) setInt('storage_order', 0);
  if (node.operator === 'AveragePool' && opset >= 7) setInt('count_include_pad', 0);
  if (node.operator === 'LpPool') setInt('p', 2);
  if (isPooling && opset >= (node.operator === 'LpPool' ? 18 : 10)) setInt('ceil_mode', 0);

  const extents = kernel.map((size, i) => (size - 1) * (dilations[i] ?? 1) + 1);
  const pads =
    node.operator === 'ConvTranspose'
      ? transposedPads(node, input, extents, strides, setInts)
      : resolvedPads(
          node,
          (i) => samePadding(input[i] ?? 0, extents[i] ?? 1, strides[i] ?? 1),
          kernel.length,
        );
  setInts('pads', pads);
  attributes.set('auto_pad', { type: 'string', value: 'NOTSET' });
  return attributes;
}

/** Padding that makes the output ceil(input / stride) long. */
function samePadding(input: number, extent: number, stride: number): number {
  return Math.max(0, (Math.ceil(input / stride) - 1) * stride + extent - input);
}

function transposedPads(
  node: ModelNode,
  input: readonly number[],
  extents: readonly number[],
  strides: readonly number[],
  setInts: (name: string, values: readonly number[]) => void,
): number[] {
  const extra = intsAttribute(node, 'output_padding') ?? input.map(() => 0);
  setInts('output_padding', extra);
  const asked = intsAttribute(node, 'output_shape')?.slice(-input.length);
  const padding = (i: number): number => {
    const stride = strides[i] ?? 1;
    const full = stride * ((input[i] ?? 1) - 1) + (extra[i] ?? 0) + (extents[i] ?? 1);
    return full - (asked?.[i] ?? (input[i] ?? 0) * stride);
  };
  return resolvedPads(node, padding, input.length, asked !== undefined);
}

/** All begins, then all ends. An odd total puts the larger part at the end, unless SAME_LOWER says otherwise. */
function resolvedPads(
  node: ModelNode,
  total: (axis: number) => number,
  rank: number,
  forced = false,
): number[] {
  const mode = stringAttribute(node, 'auto_pad') ?? 'NOTSET';
  if (!forced && mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') {
    const zeros = new Array<number>(2 * rank).fill(0);
    return mode === 'VALID' ? zeros : (intsAttribute(node, 'pads') ?? zeros);
  }
  const totals = Array.from({ length: rank }, (_, axis) => total(axis));
  const lesser = totals.map((sum) => Math.floor(sum / 2));
  const greater = totals.map((sum, axis) => sum - (lesser[axis] ?? 0));
  return mode === 'SAME_LOWER' ? [...greater, ...lesser] : [...lesser, ...greater];
}
