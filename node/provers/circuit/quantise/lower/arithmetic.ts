import type { ModelNode } from '../../../../model/model.ts';
import type { FloatConstant, Lowering, Quantiser } from '../quantiser.ts';
import { quantiseFloats, scaleFor } from '../scale.ts';
import { broadcastIndex } from './broadcast.ts';
import { quantiseWeights } from './weights.ts';

function spread(constant: FloatConstant, shape: readonly number[]): Float64Array {
  return Float64Array.from(broadcastIndex(constant.shape, shape), (from) => constant.values[from] as number);
}

/** ±x plus a constant, at a scale fine enough for both. */
function addConstant(
  quantiser: Quantiser,
  node: ModelNode,
  source: string,
  constant: FloatConstant,
  signs: [number, number],
) {
  const [output = ''] = node.outputs;
  const shape = quantiser.shape(output);
  const input = quantiser.exact(source);
  const tensor = quantiser.tensor(input);
  const values = spread(constant, shape);
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const scale = Math.max(tensor.scale, scaleFor(most, quantiser.options.weightBits));
  const factor = signs[0] * 2 ** (scale - tensor.scale);
  const index = broadcastIndex(tensor.shape, shape);
  const bias = quantiseFloats(
    values.map((value) => signs[1] * value),
    scale,
  );
  const operation = { kind: 'affine', terms: [{ factor, index }], bias, shape } as const;
  quantiser.define(output, quantiser.emit(operation, [input], scale, output));
}

/** left + sign·right, for tensors and constants. */
function lowerSum(sign: number): Lowering {
  return (quantiser, node) => {
    const [left = '', right = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const [leftConstant, rightConstant] = [quantiser.constant(left), quantiser.constant(right)];
    if (rightConstant !== undefined) {
      addConstant(quantiser, node, left, rightConstant, [1, sign]);
      return;
    }
    if (leftConstant !== undefined) {
      addConstant(quantiser, node, right, leftConstant, [sign, 1]);
      return;
    }
    const shape = quantiser.shape(output);
    const names = [quantiser.exact(left), quantiser.exact(right)];
    const tensors = names.map((name) => quantiser.tensor(name));
    const scale = Math.max(...tensors.map((tensor) => tensor.scale));
    const terms = tensors.map((tensor, i) => ({
      factor: (i === 0 ? 1 : sign) * 2 ** (scale - tensor.scale),
      index: broadcastIndex(tensor.shape, shape),
    }));
    quantiser.define(output, quantiser.emit({ kind: 'affine', terms, bias: 0, shape }, names, scale, output));
  };
}

/** `Add` of tensors at any scales, or of a constant. */
export const lowerAdd = lowerSum(1);

/** `Sub` of tensors at any scales, or with a constant on either side. */
export const lowerSub = lowerSum(-1);

/** `Mul` of two tensors, or by a constant. */
export const lowerMul: Lowering = (quantiser, node) => {
  const [left = '', right = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = quantiser.shape(output);
  const constant = quantiser.constant(right) ?? quantiser.constant(left);
  if (constant === undefined) {
    const names = [quantiser.settled(left), quantiser.settled(right)] as const;
    const [a, b] = names.map((name) => quantiser.tensor(name));
    if (a === undefined || b === undefined) throw quantiser.unsupported('it needs two factors');
    const operation = {
      kind: 'product',
      left: broadcastIndex(a.shape, shape),
      right: broadcastIndex(b.shape, shape),
      shape,
    } as const;
    quantiser.define(output, quantiser.emit(operation, names, a.scale + b.scale, output));
    return;
  }
  const input = quantiser.settled(quantiser.constant(right) === undefined ? right : left);
  const tensor = quantiser.tensor(input);
  const { weights, scale } = quantiseWeights(spread(constant, shape), { bits: quantiser.options.weightBits });
  const terms = [{ factor: Float64Array.from(weights), index: broadcastIndex(tensor.shape, shape) }];
  const operation = { kind: 'affine', terms, bias: 0, shape } as const;
  quantiser.define(output, quantiser.emit(operation, [input], tensor.scale + scale, output));
};
