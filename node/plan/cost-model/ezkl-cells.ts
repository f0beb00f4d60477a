/**
 * How many cells ezkl 23.0.5 lays an operator out over. The counts were found by laying out models of one operator
 * (bench/measurements); nearly all are exact. Nearly everything that costs is a decomposition into digits.
 */
import { intsAttribute } from '../../model/attributes.ts';
import { elementCount } from '../../model/element.ts';
import type { Model, ModelNode } from '../../model/model.ts';
import { shapeOf, sizeOf } from '../../model/tensor-type.ts';
import { computedInputs, innerLength, outputSize, scalarOf, windowOf } from './node-sizes.ts';

/** What the layout of an operator depends on. */
export interface CellLayout {
  decompLegs: number;
  innerColumns: number;
}

/** A sum over operations: decompositions into digits, their digits only, and single cells. */
interface Cells {
  decompositions: number;
  /** Sums over digits without their range checks, as rounding uses them. */
  recompositions?: number;
  cells: number;
}

/** Cells in full rows of the inner columns: an inner product begins and ends with a row. */
function padded(length: number, { innerColumns }: CellLayout): number {
  return Math.ceil(length / innerColumns) * innerColumns;
}

/** Cells of one decomposition: the value, its sign and its digits, their range checks, and their sum. */
export function decompositionCells(layout: CellLayout): number {
  return 2 * layout.decompLegs + 3 + padded(layout.decompLegs, layout);
}

/** Decompositions and cells of one element, by operator; bringing a product back to its scale takes (3, 19). */
type PerElement = readonly [decompositions: number, cells: number];

const rescale: PerElement = [3, 19];
const product: PerElement = [3, 20];
const table: PerElement = [0, 1];
const root: PerElement = [6, 50];
const reciprocal: PerElement = [6, 66];
const maximum: PerElement = [1, 22];
/** A maximum with zero. */
const rectify: PerElement = [1, 7];
/** One comparison of a maximum over several elements. */
const comparison: PerElement = [1, 17];
const unmoved: PerElement = [0, 0];

const elementwise: ReadonlyMap<string, PerElement> = new Map<string, PerElement>([
  ...[
    ...['Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Cos', 'Cosh', 'Erf', 'Exp', 'HardSwish', 'Log'],
    ...['Sigmoid', 'Sin', 'Sinh', 'Tan', 'Tanh', 'Neg', 'Expand'],
  ].map((name): [string, PerElement] => [name, table]),
  ...[
    ...['Cast', 'Concat', 'DepthToSpace', 'Dropout', 'Flatten', 'Gather', 'GatherElements', 'GatherND'],
    ...['Identity', 'Pad', 'Reshape', 'SpaceToDepth', 'Squeeze', 'Transpose', 'Unsqueeze'],
  ].map((name): [string, PerElement] => [name, unmoved]),
  ['Abs', [1, 2]],
  ['And', [0, 4]],
  ['BatchNormalization', [3, 21]],
  ['Celu', [2, 32]],
  ['CumSum', [2, 3]],
  ['Elu', [1, 21]],
  ['Greater', [1, 14]],
  ['GreaterOrEqual', [1, 15]],
  ['HardSigmoid', [5, 50]],
  ['LeakyRelu', [4, 36]],
  ['Less', [1, 14]],
  ['LessOrEqual', [1, 15]],
  ['Not', [0, 6]],
  ['Or', [0, 7]],
  ['PRelu', [4, 39]],
  ['Reciprocal', reciprocal],
  ['Relu', rectify],
  ['Selu', [7, 61]],
  ['Sign', [1, 7]],
  ['Softplus', [0, 3]],
  ['Softsign', [10, 89]],
  ['Sqrt', root],
  ['ThresholdedRelu', [1, 19]],
  ['Where', [0, 5]],
  ['Xor', [0, 22]],
]);

/** `count` elements of `parts` each. */
function times(count: number, ...parts: readonly PerElement[]): Cells {
  return {
    decompositions: count * parts.reduce((sum, [decompositions]) => sum + decompositions, 0),
    cells: count * parts.reduce((sum, [, cells]) => sum + cells, 0),
  };
}

function total(...all: readonly Cells[]): Cells {
  return {
    decompositions: all.reduce((sum, { decompositions }) => sum + decompositions, 0),
    recompositions: all.reduce((sum, { recompositions = 0 }) => sum + recompositions, 0),
    cells: all.reduce((sum, { cells }) => sum + cells, 0),
  };
}

const plain = (cells: number): Cells => ({ decompositions: 0, cells });

/** A factor of 1/2^n moves the scale instead of the values. */
const movesScale = (factor: number) => Number.isInteger(-Math.log2(factor)) && factor <= 1;

/** Cells of one output element's mean of `count` elements, their sum not counted. */
const mean = (count: number): PerElement => (movesScale(1 / count) ? [0, 1] : product);

type Count = (model: Model, node: ModelNode, layout: CellLayout) => Cells;

/** Elements that each output element of a reduction reads. */
function reduced(model: Model, node: ModelNode): number {
  return sizeOf(model, node.inputs[0]) / Math.max(1, outputSize(model, node));
}

/** A reduction: `each` of the elements read, their sum, and `after` once an output element. */
function reduction(each: readonly PerElement[], after: (count: number) => readonly PerElement[]): Count {
  return (model, node, layout) => {
    const outputs = outputSize(model, node);
    const count = reduced(model, node);
    return total(
      times(outputs * count, ...each),
      plain(outputs * padded(count, layout)),
      times(outputs, ...after(count)),
    );
  };
}

const maximumOf: Count = (model, node) => {
  const outputs = outputSize(model, node);
  return total(times(outputs * (reduced(model, node) - 1), comparison), plain(2 * outputs));
};

const indexOfMaximum: Count = (model, node) => {
  const outputs = outputSize(model, node);
  return total(times(outputs * (reduced(model, node) - 1), [2, 47]), plain(6 * outputs));
};

/** An operator along rows: so much for each element, and for each row. */
function alongRows(
  element: PerElement,
  row: PerElement,
  length: (shape: readonly number[]) => number,
): Count {
  return (model, node) => {
    const outputs = sizeOf(model, node.outputs[0]);
    const rows = outputs / Math.max(1, length(shapeOf(model, node.inputs[0])));
    return total(times(outputs, element), times(rows, row));
  };
}

const lastAxis = (shape: readonly number[]) => shape.at(-1) ?? 1;
const image = (shape: readonly number[]) => elementCount(shape.slice(2));

/** Both neighbours of the pairwise maximum or minimum of several inputs. */
const extremum: Count = (model, node) => {
  const zero = node.operator === 'Max' && node.inputs.some((name) => scalarOf(model, name) === 0);
  return times(outputSize(model, node) * (node.inputs.length - 1), zero ? rectify : maximum);
};

const convolution: Count = (model, node, layout) => {
  const outputs = outputSize(model, node);
  const inner = innerLength(model, node);
  const all = (name: string, value: number) =>
    (intsAttribute(node, name) ?? []).every((own) => own === value);
  const pointwise =
    all('kernel_shape', 1) &&
    all('strides', 1) &&
    all('pads', 0) &&
    shapeOf(model, node.inputs[0])[1] === shapeOf(model, node.inputs[1])[1];
  // A product of matrices for ezkl; other convolutions assign input and weights anew, side by side, and add the bias
  // in rows of its own.
  const assigned = Math.max(sizeOf(model, node.inputs[0]), sizeOf(model, node.inputs[1]));
  const rest = pointwise ? outputs : outputs * padded(1, layout) + assigned;
  return total(times(outputs, rescale), plain(outputs * padded(inner, layout) + rest));
};

const transposedConvolution: Count = (model, node, layout) => {
  const outputs = outputSize(model, node);
  const [batch = 1, channels = 1, ...sides] = shapeOf(model, node.inputs[0]);
  const strides = intsAttribute(node, 'strides') ?? [];
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  // ezkl spreads the input by the strides, pads it by the kernel, and convolves.
  const spread = sides.map((side, i) => (side - 1) * (strides[i] ?? 1) + 1 + 2 * ((kernel[i] ?? 1) - 1));
  return total(
    times(outputs, rescale),
    plain(outputs * (padded(innerLength(model, node), layout) + padded(1, layout))),
    plain(Math.max(batch * channels * elementCount(spread), sizeOf(model, node.inputs[1]))),
  );
};

const matrixProduct: Count = (model, node, layout) => {
  const outputs = outputSize(model, node);
  const bias = sizeOf(model, node.operator === 'Gemm' ? node.inputs[2] : undefined) > 0 ? 1 : 0;
  return total(times(outputs, rescale), plain(outputs * (padded(innerLength(model, node), layout) + bias)));
};

const counts: ReadonlyMap<string, Count> = new Map<string, Count>([
  ['Conv', convolution],
  ['ConvTranspose', transposedConvolution],
  ['Gemm', matrixProduct],
  ['MatMul', matrixProduct],
  ['Add', (model, node) => plain(outputSize(model, node))],
  ['Sub', (model, node) => plain(outputSize(model, node))],
  ['Sum', (model, node) => plain(outputSize(model, node) * (node.inputs.length - 1))],
  [
    'Mean',
    (model, node) =>
      total(
        plain(outputSize(model, node) * (node.inputs.length - 1)),
        times(outputSize(model, node), mean(node.inputs.length)),
      ),
  ],
  [
    'Mul',
    (model, node) => {
      const moved = node.inputs.some((name) => movesScale(scalarOf(model, name) ?? Number.NaN));
      return times(outputSize(model, node), moved ? table : product);
    },
  ],
  [
    'Div',
    (model, node) => {
      const [, divisor = ''] = node.inputs;
      const value = scalarOf(model, divisor);
      const outputs = outputSize(model, node);
      if (value !== undefined) return times(outputs, movesScale(1 / value) ? table : product);
      const inverses = model.constants.has(divisor) ? 0 : sizeOf(model, divisor);
      return total(times(inverses, reciprocal), times(outputs, product));
    },
  ],
  [
    'Pow',
    (model, node) => {
      const exponent = scalarOf(model, node.inputs[1]);
      return times(outputSize(model, node), exponent === 0.5 ? root : product, [0, exponent === 3 ? 1 : 0]);
    },
  ],
  ['Max', extremum],
  ['Min', extremum],
  [
    'Clip',
    (model, node) => {
      const [, lo, hi] = node.inputs;
      const lower = sizeOf(model, lo) === 0 ? unmoved : scalarOf(model, lo) === 0 ? rectify : maximum;
      return times(outputSize(model, node), lower, sizeOf(model, hi) === 0 ? unmoved : maximum);
    },
  ],
  [
    'MaxPool',
    (model, node) => {
      const outputs = sizeOf(model, node.outputs[0]);
      return total(times(outputs * (windowOf(node) - 1), comparison), plain(2 * outputs));
    },
  ],
  [
    'AveragePool',
    (model, node, layout) => {
      const outputs = outputSize(model, node);
      const window = windowOf(node);
      return total(
        times(outputs, rescale),
        plain(outputs * padded(window, layout) + sizeOf(model, node.inputs[0]) + window),
      );
    },
  ],
  ['GlobalAveragePool', reduction([], (count) => [mean(count)])],
  ['ReduceMean', reduction([], (count) => [mean(count)])],
  ['ReduceSum', reduction([], () => [])],
  ['ReduceL1', reduction([[1, 2]], () => [])],
  ['ReduceL2', reduction([product], () => [root])],
  ['ReduceSumSquare', reduction([product], () => [])],
  ['ReduceLogSumExp', reduction([table], () => [table])],
  ['ReduceProd', reduction([], () => [rescale])],
  ['ReduceMax', maximumOf],
  ['ReduceMin', maximumOf],
  ['GlobalMaxPool', maximumOf],
  ['ArgMax', indexOfMaximum],
  ['ArgMin', indexOfMaximum],
  ['Softmax', alongRows([4, 42], [5, 51], lastAxis)],
  ['LogSoftmax', alongRows([4, 43], [5, 51], lastAxis)],
  ['LayerNormalization', alongRows([9, 65], [18, 156], lastAxis)],
  ['InstanceNormalization', alongRows([6, 46], [21, 150], image)],
  ['Slice', (model, node) => plain(sizeOf(model, node.inputs[0]))],
  ['Resize', (model, node) => plain(sizeOf(model, node.inputs[0]))],
  ['Split', (model, node) => plain(sizeOf(model, node.inputs[0]) * node.outputs.length)],
  ['Floor', (model, node) => rounding(outputSize(model, node), 1, 30)],
  ['Ceil', (model, node) => rounding(outputSize(model, node), 1, 30)],
  ['Round', (model, node) => rounding(outputSize(model, node), 2, 42)],
]);

function rounding(count: number, decompositions: number, cells: number): Cells {
  return { decompositions: count * decompositions, recompositions: count, cells: count * cells };
}

/** Cells of an operator whose layout was not measured: a product for each element that it reads or writes. */
const unmeasured: Count = (model, node) =>
  times(Math.max(computedInputs(model, node), outputSize(model, node)), product);

/** Cells that one node is laid out over, its boundary not counted. */
export function nodeCells(model: Model, node: ModelNode, layout: CellLayout): number {
  const perElement = elementwise.get(node.operator);
  const count = counts.get(node.operator) ?? unmeasured;
  const {
    decompositions,
    recompositions = 0,
    cells,
  } = perElement === undefined ? count(model, node, layout) : times(outputSize(model, node), perElement);
  const recomposition = layout.decompLegs + padded(layout.decompLegs, layout);
  return decompositions * decompositionCells(layout) + recompositions * recomposition + cells;
}
