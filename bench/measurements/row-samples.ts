import { float, int, ints } from '../../node/model/attribute-values.ts';
import { integerConstant } from '../../node/model/constant.ts';
import { type SampleModel, scalar, text, weights, window } from './sample-model.ts';

type Shape = readonly number[];
type Options = Pick<SampleModel['nodes'][number], 'attributes'> & Pick<SampleModel, 'constants'>;

/** One operator on one input, and on constants. */
function unary(operator: string, input: Shape, output: Shape = input, options: Options = {}): SampleModel {
  const { attributes = {}, constants = {} } = options;
  return {
    inputs: { x: input },
    nodes: [{ operator, inputs: ['x', ...Object.keys(constants)], outputs: ['y'], attributes }],
    types: { y: output },
    constants,
  };
}

/** One operator on two computed inputs. */
function binary(operator: string, left: Shape, right: Shape, output: Shape): SampleModel {
  return {
    inputs: { a: left, b: right },
    nodes: [{ operator, inputs: ['a', 'b'], outputs: ['y'] }],
    types: { y: output },
  };
}

function convolution({
  channels,
  filters,
  side,
  kernel,
  stride = 1,
  pad = 0,
  groups = 1,
}: Readonly<Record<string, number>> & {
  channels: number;
  filters: number;
  side: number;
  kernel: number;
}): SampleModel {
  const size = Math.floor((side + 2 * pad - kernel) / stride) + 1;
  return unary('Conv', [1, channels, side, side], [1, filters, size, size], {
    attributes: { ...window(kernel, stride, pad), group: int(groups) },
    constants: { w: weights(filters, channels / groups, kernel, kernel), c: weights(filters) },
  });
}

function pooling(
  operator: string,
  channels: number,
  side: number,
  kernel: number,
  stride: number,
): SampleModel {
  const size = Math.floor((side - kernel) / stride) + 1;
  return unary(operator, [1, channels, side, side], [1, channels, size, size], {
    attributes: { ...window(kernel, stride), count_include_pad: int(1) },
  });
}

const elements: Shape = [4, 25];
const comparison = (operator: string): SampleModel => ({
  inputs: { a: elements, b: elements },
  nodes: [
    { operator, inputs: ['a', 'b'], outputs: ['c'] },
    { operator: 'Where', inputs: ['c', 'a', 'b'], outputs: ['y'] },
  ],
  types: { c: { element: 'bool', shape: elements }, y: elements },
});

const reduction = (operator: string, count: number): SampleModel =>
  unary(operator, [10, count], [10, 1], { attributes: { axes: ints(1), keepdims: int(1) } });

const elementwise = [
  ...[
    'Abs',
    'BatchNormalization',
    'Celu',
    'CumSum',
    'Elu',
    'Erf',
    'Exp',
    'Floor',
    'HardSigmoid',
    'HardSwish',
  ],
  ...['LeakyRelu', 'Log', 'Neg', 'Reciprocal', 'Relu', 'Round', 'Selu', 'Sigmoid', 'Sign', 'Softplus'],
  ...['Softsign', 'Sqrt', 'Tanh', 'ThresholdedRelu'],
];
const constantsOf: Readonly<Record<string, SampleModel['constants']>> = {
  BatchNormalization: { s: weights(25), c: weights(25), m: weights(25), v: scalars(25, 1) },
  CumSum: { axis: integerConstant([], [1n]) },
};

function scalars(count: number, value: number) {
  return {
    ...scalar(value),
    type: { element: 'float32', shape: [count] },
    source: { kind: 'fill', value },
  } as const;
}

/** Models of one or two operators, by name: every operator in common use, in shapes that show what it depends on. */
export const rowSamples: Readonly<Record<string, SampleModel>> = {
  ...Object.fromEntries(
    elementwise.map((operator) => [
      operator,
      unary(operator, elements, elements, { constants: constantsOf[operator] ?? {} }),
    ]),
  ),
  Flatten: unary('Flatten', [1, 10, 10], [1, 100], { attributes: { axis: int(1) } }),
  Reshape: unary('Reshape', elements, [100], { constants: { shape: integerConstant([1], [100n]) } }),
  Transpose: unary('Transpose', elements, [25, 4], { attributes: { perm: ints(1, 0) } }),
  Concat: {
    ...binary('Concat', elements, elements, [4, 50]),
    nodes: [{ operator: 'Concat', inputs: ['a', 'b'], outputs: ['y'], attributes: { axis: int(1) } }],
  },
  Slice: unary('Slice', elements, [4, 10], {
    constants: {
      starts: integerConstant([1], [0n]),
      ends: integerConstant([1], [10n]),
      axes: integerConstant([1], [1n]),
    },
  }),
  Pad: unary('Pad', elements, [4, 27], { constants: { pads: integerConstant([4], [0n, 1n, 0n, 1n]) } }),
  'Add tensors': binary('Add', elements, elements, elements),
  'Add broadcast': binary('Add', elements, [25], elements),
  'Add constant': unary('Add', elements, elements, { constants: { c: weights(25) } }),
  'Sub tensors': binary('Sub', elements, elements, elements),
  'Mul tensors': binary('Mul', elements, elements, elements),
  'Mul constant': unary('Mul', elements, elements, { constants: { c: weights(25) } }),
  'Mul by 3': unary('Mul', elements, elements, { constants: { c: scalar(3) } }),
  'Mul by 1/2': unary('Mul', elements, elements, { constants: { c: scalar(0.5) } }),
  'Div tensors': binary('Div', elements, elements, elements),
  'Div by 3': unary('Div', elements, elements, { constants: { c: scalar(3) } }),
  'Div by 2': unary('Div', elements, elements, { constants: { c: scalar(2) } }),
  'Max tensors': binary('Max', elements, elements, elements),
  'Min tensors': binary('Min', elements, elements, elements),
  'Pow 2': unary('Pow', elements, elements, { constants: { c: scalar(2) } }),
  'Pow 3': unary('Pow', elements, elements, { constants: { c: scalar(3) } }),
  'Clip 0 6': unary('Clip', elements, elements, { constants: { lo: scalar(0), hi: scalar(6) } }),
  'Clip -1 1': unary('Clip', elements, elements, { constants: { lo: scalar(-1), hi: scalar(1) } }),
  PRelu: unary('PRelu', elements, elements, { constants: { c: weights(25) } }),
  Greater: comparison('Greater'),
  LessOrEqual: comparison('LessOrEqual'),
  'MatMul 8': unary('MatMul', [1, 8], [1, 10], { constants: { w: weights(8, 10) } }),
  'MatMul 9': unary('MatMul', [1, 9], [1, 10], { constants: { w: weights(9, 10) } }),
  'MatMul 64, 3 rows': unary('MatMul', [3, 64], [3, 10], { constants: { w: weights(64, 10) } }),
  'MatMul tensors': binary('MatMul', [4, 9], [9, 5], [4, 5]),
  'Gemm 16': unary('Gemm', [1, 16], [1, 10], {
    attributes: { alpha: float(1), beta: float(1), transA: int(0), transB: int(0) },
    constants: { w: weights(16, 10), c: weights(10) },
  }),
  'Conv 3×3': convolution({ channels: 2, filters: 4, side: 8, kernel: 3 }),
  'Conv 3×3 padded': convolution({ channels: 2, filters: 4, side: 8, kernel: 3, pad: 1 }),
  'Conv 3×3 strided': convolution({ channels: 2, filters: 4, side: 8, kernel: 3, pad: 1, stride: 2 }),
  'Conv 3×3 depthwise': convolution({ channels: 4, filters: 4, side: 8, kernel: 3, groups: 4 }),
  'Conv 3×3 in groups': convolution({ channels: 4, filters: 4, side: 8, kernel: 3, groups: 2 }),
  'Conv 1×1': convolution({ channels: 4, filters: 4, side: 8, kernel: 1 }),
  'Conv 5×5, more weights than inputs': convolution({ channels: 6, filters: 16, side: 8, kernel: 5 }),
  'ConvTranspose 2×2': unary('ConvTranspose', [1, 2, 5, 5], [1, 3, 10, 10], {
    attributes: { ...window(2, 2), group: int(1), output_padding: ints(0, 0) },
    constants: { w: weights(2, 3, 2, 2) },
  }),
  'MaxPool 2×2': pooling('MaxPool', 2, 8, 2, 2),
  'MaxPool 3×3': pooling('MaxPool', 2, 9, 3, 2),
  'AveragePool 2×2': pooling('AveragePool', 2, 8, 2, 2),
  'AveragePool 3×3': pooling('AveragePool', 2, 9, 3, 2),
  'GlobalAveragePool 4×4': unary('GlobalAveragePool', [1, 10, 4, 4], [1, 10, 1, 1]),
  'GlobalAveragePool 7×7': unary('GlobalAveragePool', [1, 10, 7, 7], [1, 10, 1, 1]),
  'GlobalMaxPool 4×4': unary('GlobalMaxPool', [1, 10, 4, 4], [1, 10, 1, 1]),
  'ReduceSum 16': unary('ReduceSum', [10, 16], [10, 1], {
    attributes: { keepdims: int(1) },
    constants: { axes: integerConstant([1], [1n]) },
  }),
  'ReduceMean 5': reduction('ReduceMean', 5),
  'ReduceMean 16': reduction('ReduceMean', 16),
  'ReduceMax 5': reduction('ReduceMax', 5),
  'ReduceL1 5': reduction('ReduceL1', 5),
  'ReduceL2 5': reduction('ReduceL2', 5),
  'ReduceSumSquare 5': reduction('ReduceSumSquare', 5),
  'Softmax 10': unary('Softmax', [10, 10], [10, 10], { attributes: { axis: int(1) } }),
  'Softmax 100': unary('Softmax', [1, 100], [1, 100], { attributes: { axis: int(1) } }),
  'LogSoftmax 16': unary('LogSoftmax', [10, 16], [10, 16], { attributes: { axis: int(1) } }),
  'LayerNormalization 16': unary('LayerNormalization', [10, 16], [10, 16], {
    attributes: { axis: int(-1), epsilon: float(1e-5) },
    constants: { s: weights(16), c: weights(16) },
  }),
  'InstanceNormalization 5×5': unary('InstanceNormalization', [1, 4, 5, 5], [1, 4, 5, 5], {
    attributes: { epsilon: float(1e-5) },
    constants: { s: weights(4), c: weights(4) },
  }),
  'Resize 2': unary('Resize', [1, 1, 5, 5], [1, 1, 10, 10], {
    attributes: {
      mode: text('nearest'),
      nearest_mode: text('floor'),
      coordinate_transformation_mode: text('asymmetric'),
    },
    constants: {
      roi: { type: { element: 'float32', shape: [0] }, source: { kind: 'bytes', bytes: new Uint8Array() } },
      scales: scales(1, 1, 2, 2),
    },
  }),
};

function scales(...values: number[]) {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return { type: { element: 'float32', shape: [values.length] }, source: { kind: 'bytes', bytes } } as const;
}
