import { describe, expect, it } from 'vitest';
import { float, int, ints } from '../../../model/attribute-values.ts';
import { floatConstant, integerConstant } from '../../../model/constant.ts';
import type { Attribute, Constant, Model, ModelNode, TensorType } from '../../../model/model.ts';
import { compileCircuit } from '../compile.ts';
import { firstViolation } from '../language/satisfied.ts';
import { generateWitness } from '../witness.ts';
import { calibrate, openFloatRunner } from './calibrate.ts';
import { quantiseInputs } from './fidelity.ts';
import { quantiseModel } from './quantise-model.ts';
import { dequantise } from './scale.ts';
import { unsupportedNode } from './unsupported.ts';

const text = (value: string): Attribute => ({ type: 'string', value });
const f32 = (shape: readonly number[]): TensorType => ({ element: 'float32', shape });

/** Reproducible numbers in [−1, 1). */
function noise(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const weights = (shape: readonly number[], seed = 7): Constant =>
  floatConstant(shape, noise(count(shape), seed));
const whole = (...values: number[]): Constant => integerConstant([values.length], values.map(BigInt));

interface Case {
  operator: string;
  title: string;
  inputs: readonly (readonly number[])[];
  outputs: readonly (readonly number[])[];
  attributes?: Record<string, Attribute>;
  /** Constant inputs after the computed ones. */
  constants?: readonly Constant[];
  /** The first input is this constant, the computed ones follow. */
  leading?: Constant;
  opset?: number;
}

const window = (kernel: number[], strides: number[], pads: number[], dilations = kernel.map(() => 1)) => ({
  kernel_shape: ints(...kernel),
  strides: ints(...strides),
  pads: ints(...pads),
  dilations: ints(...dilations),
});

const cases: readonly Case[] = [
  {
    operator: 'Conv',
    title: 'strides, pads, dilations and a bias',
    inputs: [[2, 3, 7, 6]],
    outputs: [[2, 4, 3, 5]],
    constants: [weights([4, 3, 3, 2]), weights([4], 3)],
    attributes: { ...window([3, 2], [2, 1], [1, 0, 2, 1], [2, 2]), group: int(1) },
  },
  {
    operator: 'Conv',
    title: 'depthwise',
    inputs: [[1, 4, 5, 5]],
    outputs: [[1, 4, 5, 5]],
    constants: [weights([4, 1, 3, 3])],
    attributes: { ...window([3, 3], [1, 1], [1, 1, 1, 1]), group: int(4) },
  },
  {
    operator: 'Conv',
    title: 'two groups',
    inputs: [[1, 4, 4, 4]],
    outputs: [[1, 6, 2, 2]],
    constants: [weights([6, 2, 3, 3]), weights([6], 2)],
    attributes: { ...window([3, 3], [1, 1], [0, 0, 0, 0]), group: int(2) },
  },
  {
    operator: 'Conv',
    title: 'one spatial axis',
    inputs: [[1, 2, 9]],
    outputs: [[1, 3, 4]],
    constants: [weights([3, 2, 3])],
    attributes: { ...window([3], [2], [0, 1]), group: int(1) },
  },
  {
    operator: 'Gemm',
    title: 'transB, alpha, beta',
    inputs: [[3, 5]],
    outputs: [[3, 4]],
    constants: [weights([4, 5]), weights([4], 2)],
    attributes: { alpha: float(0.5), beta: float(2), transA: int(0), transB: int(1) },
  },
  {
    operator: 'MatMul',
    title: 'batched rows',
    inputs: [[2, 3, 5]],
    outputs: [[2, 3, 4]],
    constants: [weights([5, 4])],
  },
  {
    operator: 'Add',
    title: 'two tensors, broadcast',
    inputs: [
      [2, 3, 4],
      [3, 1],
    ],
    outputs: [[2, 3, 4]],
  },
  { operator: 'Add', title: 'a constant', inputs: [[2, 3]], outputs: [[2, 3]], constants: [weights([3])] },
  {
    operator: 'Sub',
    title: 'two tensors',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    outputs: [[2, 3]],
  },
  {
    operator: 'Sub',
    title: 'from a constant',
    inputs: [[2, 3]],
    outputs: [[2, 3]],
    leading: weights([2, 3]),
  },
  {
    operator: 'Mul',
    title: 'two tensors, broadcast',
    inputs: [
      [2, 3, 2],
      [3, 1],
    ],
    outputs: [[2, 3, 2]],
  },
  { operator: 'Mul', title: 'a constant', inputs: [[2, 3]], outputs: [[2, 3]], constants: [weights([1, 3])] },
  { operator: 'Relu', title: '', inputs: [[2, 9]], outputs: [[2, 9]] },
  {
    operator: 'LeakyRelu',
    title: '',
    inputs: [[2, 9]],
    outputs: [[2, 9]],
    attributes: { alpha: float(0.1) },
  },
  {
    operator: 'PRelu',
    title: 'a slope a channel',
    inputs: [[1, 3, 4]],
    outputs: [[1, 3, 4]],
    constants: [weights([3, 1])],
  },
  {
    operator: 'Clip',
    title: 'both limits',
    inputs: [[2, 9]],
    outputs: [[2, 9]],
    constants: [floatConstant([], Float32Array.of(-0.25)), floatConstant([], Float32Array.of(0.5))],
  },
  {
    operator: 'Clip',
    title: 'a lower limit above the upper',
    inputs: [[2, 9]],
    outputs: [[2, 9]],
    constants: [floatConstant([], Float32Array.of(0.5)), floatConstant([], Float32Array.of(-0.25))],
  },
  {
    operator: 'Clip',
    title: 'as ReLU with a ceiling',
    inputs: [[2, 9]],
    outputs: [[2, 9]],
    constants: [floatConstant([], Float32Array.of(0)), floatConstant([], Float32Array.of(0.5))],
  },
  {
    operator: 'MaxPool',
    title: 'overlapping, padded',
    inputs: [[1, 2, 6, 5]],
    outputs: [[1, 2, 3, 3]],
    attributes: { ...window([3, 3], [2, 2], [1, 1, 1, 1]), ceil_mode: int(0), storage_order: int(0) },
  },
  {
    operator: 'MaxPool',
    title: 'dilated, rounded up',
    inputs: [[1, 1, 6, 6]],
    outputs: [[1, 1, 3, 3]],
    attributes: { ...window([2, 2], [2, 2], [0, 0, 0, 0], [2, 2]), ceil_mode: int(1), storage_order: int(0) },
    opset: 13,
  },
  {
    operator: 'AveragePool',
    title: 'pads not counted',
    inputs: [[1, 2, 5, 5]],
    outputs: [[1, 2, 3, 3]],
    attributes: {
      kernel_shape: ints(3, 3),
      strides: ints(2, 2),
      pads: ints(1, 1, 1, 1),
      count_include_pad: int(0),
    },
  },
  {
    operator: 'AveragePool',
    title: 'pads counted',
    inputs: [[1, 2, 4, 4]],
    outputs: [[1, 2, 3, 3]],
    attributes: {
      kernel_shape: ints(2, 2),
      strides: ints(2, 2),
      pads: ints(1, 1, 1, 1),
      count_include_pad: int(1),
    },
  },
  { operator: 'GlobalAveragePool', title: '', inputs: [[2, 3, 3, 5]], outputs: [[2, 3, 1, 1]] },
  {
    operator: 'ReduceMean',
    title: 'an axis in the middle, dropped',
    inputs: [[2, 3, 4]],
    outputs: [[2, 4]],
    attributes: { axes: ints(1), keepdims: int(0) },
  },
  {
    operator: 'Concat',
    title: 'an axis in the middle',
    inputs: [
      [2, 1, 3],
      [2, 2, 3],
    ],
    outputs: [[2, 3, 3]],
    attributes: { axis: int(1) },
  },
  {
    operator: 'Slice',
    title: 'negative bounds and steps',
    inputs: [[4, 6]],
    outputs: [[2, 3]],
    constants: [whole(1, -1), whole(3, -7), whole(0, 1), whole(1, -2)],
  },
  {
    operator: 'Pad',
    title: 'a constant',
    inputs: [[2, 3]],
    outputs: [[3, 6]],
    constants: [whole(1, 2, 0, 1), floatConstant([], Float32Array.of(0.5))],
    attributes: { mode: { type: 'string', value: 'constant' } },
  },
  {
    operator: 'Pad',
    title: 'by reflection',
    inputs: [[2, 4]],
    outputs: [[2, 8]],
    constants: [whole(0, 2, 0, 2)],
    attributes: { mode: { type: 'string', value: 'reflect' } },
  },
  {
    operator: 'Resize',
    title: 'nearest by scales, half pixels',
    inputs: [[1, 2, 3, 4]],
    outputs: [[1, 2, 6, 6]],
    constants: [floatConstant([0], new Float32Array()), floatConstant([4], Float32Array.of(1, 1, 2, 1.5))],
    attributes: { mode: text('nearest') },
  },
  {
    operator: 'Resize',
    title: 'nearest by scales, asymmetric, floor',
    inputs: [[1, 2, 3, 4]],
    outputs: [[1, 2, 6, 2]],
    constants: [floatConstant([0], new Float32Array()), floatConstant([4], Float32Array.of(1, 1, 2, 0.5))],
    attributes: {
      mode: text('nearest'),
      coordinate_transformation_mode: text('asymmetric'),
      nearest_mode: text('floor'),
    },
  },
  {
    operator: 'Resize',
    title: 'nearest by scales, aligned corners, ceil',
    inputs: [[1, 1, 3, 3]],
    outputs: [[1, 1, 5, 7]],
    constants: [
      floatConstant([0], new Float32Array()),
      floatConstant([4], Float32Array.of(1, 1, 5 / 3, 7 / 3)),
    ],
    attributes: {
      mode: text('nearest'),
      coordinate_transformation_mode: text('align_corners'),
      nearest_mode: text('ceil'),
    },
  },
  { operator: 'Reshape', title: '', inputs: [[2, 6]], outputs: [[3, 4]], constants: [whole(3, 4)] },
  { operator: 'Flatten', title: '', inputs: [[2, 3, 2]], outputs: [[2, 6]], attributes: { axis: int(1) } },
  {
    operator: 'Transpose',
    title: '',
    inputs: [[2, 3, 4]],
    outputs: [[4, 2, 3]],
    attributes: { perm: ints(2, 0, 1) },
  },
  { operator: 'Squeeze', title: '', inputs: [[2, 1, 3]], outputs: [[2, 3]], constants: [whole(1)] },
  { operator: 'Unsqueeze', title: '', inputs: [[2, 3]], outputs: [[2, 1, 3]], constants: [whole(1)] },
  {
    operator: 'Split',
    title: '',
    inputs: [[5, 3]],
    outputs: [
      [2, 3],
      [3, 3],
    ],
    constants: [whole(2, 3)],
    attributes: { axis: int(0) },
  },
];

function modelOf(example: Case): Model {
  const { operator, inputs, outputs, attributes = {}, constants = [], leading, opset = 13 } = example;
  const inputNames = inputs.map((_, i) => `in${i}`);
  const outputNames = outputs.map((_, i) => `out${i}`);
  const named = new Map(constants.map((constant, i) => [`constant${i}`, constant]));
  if (leading !== undefined) named.set('leading', leading);
  const node: ModelNode = {
    name: 'node',
    operator,
    domain: '',
    inputs: [
      ...(leading === undefined ? [] : ['leading']),
      ...inputNames,
      ...constants.map((_, i) => `constant${i}`),
    ],
    outputs: outputNames,
    attributes: new Map(
      Object.entries(attributes).filter(([name]) => !(operator === 'AveragePool' && name === 'dilations')),
    ),
  };
  return {
    name: operator,
    irVersion: 8,
    opsets: new Map([['', opset]]),
    inputs: inputNames,
    outputs: outputNames,
    nodes: [node],
    constants: named,
    types: new Map([
      ...inputNames.map((name, i) => [name, f32(inputs[i] ?? [])] as const),
      ...outputNames.map((name, i) => [name, f32(outputs[i] ?? [])] as const),
    ]),
  };
}

describe('each operator, in integers and as a circuit', () => {
  it.each(cases)('$operator $title', async (example) => {
    const model = modelOf(example);
    const runner = await openFloatRunner(model);
    const sample = new Map(
      model.inputs.map((name, i) => [name, noise(count(example.inputs[i] ?? []), i + 11)] as const),
    );
    const ranges = await calibrate(runner, [sample]);
    const { model: quantised } = await quantiseModel(model, ranges, {
      activationBits: 12,
      weightBits: 12,
      inputBits: 12,
    });
    const floats = await runner.run(sample);
    await runner.close();

    const port = (name: string) => {
      const { lo = 0, hi = 0 } = quantised.tensors.get(name) ?? {};
      return { lo, hi, binding: { scheme: 'public' } as const };
    };
    const circuit = compileCircuit(quantised, {
      inputs: quantised.inputs.map(port),
      outputs: quantised.outputs.map(port),
    });
    const integers = [...quantiseInputs(quantised, sample).values()];
    const { bytes, outputs } = generateWitness(circuit, { inputs: integers, context: 1n });
    expect(firstViolation(circuit.constraints, bytes)).toBeUndefined();

    model.outputs.forEach((name, i) => {
      const scale = quantised.tensors.get(quantised.outputs[i] ?? '')?.scale ?? 0;
      const actual = dequantise(outputs[i] ?? [], scale);
      const expected = floats.get(name) ?? [];
      expect(actual.length).toBe(expected.length);
      // Inputs and weights are rounded to 12 bits; up to 18 products are summed.
      actual.forEach((value, at) => {
        expect(Math.abs(value - (expected[at] as number))).toBeLessThan(0.01);
      });
    });
  });
});

describe('what is supported', () => {
  const pool = { inputs: [[1, 2, 4, 4]], outputs: [[1, 2, 2, 2]] };
  const gemm = { operator: 'Gemm', inputs: [[2, 3]], outputs: [[2, 4]] };
  const resize = { operator: 'Resize', inputs: [[1, 1, 2, 2]], outputs: [[1, 1, 4, 4]] };
  const refused: readonly Case[] = [
    {
      ...gemm,
      title: 'computed weights',
      inputs: [
        [2, 3],
        [3, 4],
      ],
    },
    { ...gemm, title: 'a transposed input', constants: [weights([3, 4])], attributes: { transA: int(1) } },
    { ...gemm, title: 'a bias of several rows', constants: [weights([3, 4]), weights([2, 4])] },
    { ...gemm, title: 'a bias down the rows', constants: [weights([3, 4]), weights([2, 1])] },
    {
      operator: 'MatMul',
      title: 'a stack of matrices',
      inputs: [[2, 2, 3]],
      outputs: [[2, 2, 4]],
      constants: [weights([2, 3, 4])],
    },
    {
      operator: 'Conv',
      title: 'three spatial axes',
      inputs: [[1, 1, 3, 3, 3]],
      outputs: [[1, 1, 3, 3, 3]],
      constants: [weights([1, 1, 1, 1, 1])],
    },
    {
      operator: 'AveragePool',
      title: 'rounding up',
      ...pool,
      attributes: { ...window([2, 2], [2, 2], [0, 0, 0, 0]), ceil_mode: int(1) },
    },
    {
      operator: 'AveragePool',
      title: 'three spatial axes',
      ...pool,
      attributes: window([2, 2, 2], [2, 2, 2], [0, 0, 0, 0, 0, 0]),
    },
    {
      operator: 'MaxPool',
      title: 'indices',
      ...pool,
      outputs: [
        [1, 2, 2, 2],
        [1, 2, 2, 2],
      ],
      attributes: window([2, 2], [2, 2], [0, 0, 0, 0]),
    },
    {
      operator: 'Pad',
      title: 'wrapping around',
      inputs: [[2]],
      outputs: [[4]],
      constants: [whole(1, 1)],
      attributes: { mode: text('wrap') },
    },
    { ...resize, title: 'linear interpolation', attributes: { mode: text('linear') } },
    { ...resize, title: 'named axes', attributes: { axes: ints(2, 3) } },
    { ...resize, title: 'the coordinates of opset 10', opset: 10 },
    { ...resize, title: 'an aspect ratio', attributes: { keep_aspect_ratio_policy: text('not_larger') } },
    { ...resize, title: 'computed scales', inputs: [[1, 1, 2, 2], [0], [4]] },
    { ...resize, title: 'crops', attributes: { coordinate_transformation_mode: text('tf_crop_and_resize') } },
    {
      operator: 'Concat',
      title: 'a constant',
      inputs: [[2]],
      outputs: [[4]],
      constants: [weights([2])],
      attributes: { axis: int(0) },
    },
    { operator: 'Softmax', title: 'at all', inputs: [[2, 3]], outputs: [[2, 3]] },
  ];

  it.each(refused)(
    'excludes $operator with $title, before anything is quantised and then',
    async (example) => {
      const model = modelOf(example);
      const [node] = model.nodes as [ModelNode];
      const fault = unsupportedNode(model, node);
      expect(fault).toMatchObject({ operator: example.operator, node: node.name });
      const tensors = [...model.inputs, ...model.outputs];
      const ranges = new Map(tensors.map((name) => [name, { min: -1, max: 1 }]));
      await expect(quantiseModel(model, ranges)).rejects.toMatchObject({
        code: 'UNPROVABLE',
        message: expect.stringContaining(fault?.reason ?? 'never'),
      });
    },
  );

  it.each(cases)('includes $operator $title', (example) => {
    const model = modelOf(example);
    expect(model.nodes.map((node) => unsupportedNode(model, node))).toEqual([undefined]);
  });
});
