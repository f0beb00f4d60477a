/**
 * Which ONNX operators ezkl 23.0.5 proves, and how well. Each line rests on a circuit of that one operator whose
 * witness was compared with the ONNX reference implementation; what compiled and gave another result is refused,
 * as is what was not tried. (ezkl's own table: src/graph/utilities.rs, over the operators that its importer, tract,
 * lowers ONNX to.)
 */
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../model/attributes.ts';
import { constantValues } from '../../model/constant-values.ts';
import type { Constant, ElementType, Model, ModelNode } from '../../model/model.ts';
import { shapeOf, typeOf } from '../../model/tensor-type.ts';
import type { Unsupported } from '../prover.ts';

/** `exact`: one output per input. `tolerance`: a division inside accepts both neighbours of its quotient. */
type Precision = 'exact' | 'tolerance';

interface Refusal {
  reason: string;
  remedy: string;
}

interface Operator {
  precision: Precision;
  /** Why this use of the operator cannot be proven. */
  refuse?: (model: Model, node: ModelNode) => Refusal | undefined;
}

const exact: Operator = { precision: 'exact' };
/** Multiplies values, and divides the product to bring it back to its scale. */
const rescaled: Operator = { precision: 'tolerance' };

const elsewhere = 'Leave the node out of the proof, or express it with supported operators.';

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...named(exact, [
    ...['Abs', 'Add', 'And', 'Concat', 'DepthToSpace', 'Dropout', 'Flatten', 'Floor', 'Ceil'],
    ...[
      'Greater',
      'GreaterOrEqual',
      'Less',
      'LessOrEqual',
      'Identity',
      'Min',
      'Neg',
      'Not',
      'Or',
      'ReduceL1',
    ],
    ...[
      'ReduceMax',
      'ReduceMin',
      'ReduceSum',
      'Relu',
      'Reshape',
      'Round',
      'Sign',
      'Slice',
      'SpaceToDepth',
      'Split',
    ],
    ...['Squeeze', 'Sub', 'Sum', 'Transpose', 'Unsqueeze', 'Where', 'Xor', 'GlobalMaxPool', 'Clip'],
    ...['ThresholdedRelu', 'OneHot'],
    // One table entry per value.
    ...[
      'Acos',
      'Acosh',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'Cos',
      'Cosh',
      'Erf',
      'Exp',
      'HardSwish',
      'Log',
      'Sigmoid',
    ],
    ...['Sin', 'Sinh', 'Tan', 'Tanh'],
  ]),
  ...named(rescaled, [
    ...['BatchNormalization', 'Einsum', 'Elu', 'Gemm', 'GlobalAveragePool', 'HardSigmoid', 'GRU', 'LSTM'],
    ...[
      'InstanceNormalization',
      'LayerNormalization',
      'LeakyRelu',
      'LogSoftmax',
      'MatMul',
      'Mean',
      'Mul',
      'PRelu',
    ],
    ...['ReduceL2', 'ReduceLogSumExp', 'ReduceMean', 'ReduceProd', 'ReduceSumSquare', 'Reciprocal', 'Selu'],
    ...['Softmax', 'Softplus', 'Softsign', 'Sqrt'],
  ]),
  ['ArgMax', { precision: 'exact', refuse: refuseLastIndex }],
  ['ArgMin', { precision: 'exact', refuse: refuseLastIndex }],
  ['AveragePool', { precision: 'tolerance', refuse: refuseAveragePool }],
  ['Cast', { precision: 'exact', refuse: refuseCast }],
  ['Conv', { precision: 'tolerance', refuse: refuseConvolution }],
  ['ConvTranspose', { precision: 'tolerance', refuse: refuseTransposedConvolution }],
  ['Div', { precision: 'tolerance', refuse: refuseIntegerDivision }],
  ['Equal', { precision: 'exact', refuse: refuseFloatEquality }],
  ['Gather', { precision: 'exact', refuse: refuseMovingIndices }],
  ['Expand', { precision: 'exact', refuse: refuseExpansion }],
  ['GatherElements', { precision: 'exact', refuse: refuseMovingIndices }],
  ['GatherND', { precision: 'exact', refuse: refuseMovingIndices }],
  ['ScatterElements', { precision: 'exact', refuse: refuseMovingIndices }],
  ['ScatterND', { precision: 'exact', refuse: refuseMovingIndices }],
  ['Max', { precision: 'exact', refuse: refuseConstantMaximum }],
  ['MaxPool', { precision: 'exact', refuse: refuseMaxPool }],
  ['Pad', { precision: 'exact', refuse: refusePadding }],
  ['Pow', { precision: 'tolerance', refuse: refusePower }],
  ['Celu', { precision: 'tolerance', refuse: refuseCelu }],
  ['CumSum', { precision: 'exact', refuse: refuseCumulativeSum }],
  ['Resize', { precision: 'exact', refuse: refuseResize }],
]);

function named(operator: Operator, names: readonly string[]): [string, Operator][] {
  return names.map((name) => [name, operator]);
}

/** Operators that ezkl proves, at least in some uses, in alphabetical order. */
export const supportedOperators: readonly { operator: string; precision: Precision; conditional: boolean }[] =
  [...operators]
    .map(([operator, { precision, refuse }]) => ({ operator, precision, conditional: refuse !== undefined }))
    .sort((a, b) => (a.operator < b.operator ? -1 : 1));

/** `undefined` when ezkl proves the node. */
export function unsupportedByEzkl(model: Model, node: ModelNode): Unsupported | undefined {
  const refusal = refuse(model, node);
  const operator = node.domain === '' ? node.operator : `${node.domain}.${node.operator}`;
  return refusal && { node: node.name, operator, ...refusal };
}

/** The operators of a model whose outputs the circuit accepts within a tolerance, each once. */
export function toleranceOperators(model: Model): string[] {
  const found = model.nodes.map(({ operator }) => operator);
  return [...new Set(found)].filter((name) => operators.get(name)?.precision === 'tolerance').sort();
}

function refuse(model: Model, node: ModelNode): Refusal | undefined {
  const operator = node.domain === '' ? operators.get(node.operator) : undefined;
  if (operator === undefined) return { reason: 'ezkl has no circuit for this operator', remedy: elsewhere };
  if ([...node.attributes.values()].some(({ type }) => type === 'opaque')) {
    return {
      reason: 'ezkl proves no sub-graphs',
      remedy: 'Fix the condition, so that import can resolve it.',
    };
  }
  for (const name of [...node.inputs, ...node.outputs]) {
    const element = elementOf(model, name);
    if (element !== undefined && !carried.has(element)) {
      return {
        reason: `ezkl carries no tensors of ${element} (${name})`,
        remedy: 'Convert the model to float32.',
      };
    }
  }
  return operator.refuse?.(model, node);
}

const carried: ReadonlySet<ElementType> = new Set([
  'float16',
  'float32',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
] as const);

function elementOf(model: Model, name: string): ElementType | undefined {
  return typeOf(model, name)?.element;
}

const isFloat = (element: ElementType | undefined) => element?.includes('float') ?? false;
const isConstant = (model: Model, name: string | undefined) =>
  name !== undefined && model.constants.has(name);

function refuseLastIndex(_: Model, node: ModelNode): Refusal | undefined {
  if ((intAttribute(node, 'select_last_index') ?? 0) === 0) return undefined;
  return { reason: 'ezkl finds the first index only', remedy: 'Set select_last_index to 0.' };
}

function refuseWindow(node: ModelNode): Refusal | undefined {
  if (intsAttribute(node, 'dilations')?.some((step) => step !== 1)) {
    return { reason: 'ezkl ignores or refuses dilations', remedy: elsewhere };
  }
  if ((intAttribute(node, 'ceil_mode') ?? 0) !== 0) {
    return { reason: 'ezkl rounds output sizes down only', remedy: 'Pad the input instead of ceil_mode.' };
  }
  return undefined;
}

function refuseConvolution(model: Model, node: ModelNode): Refusal | undefined {
  const bias = node.inputs[2];
  if (bias !== undefined && bias !== '' && !isConstant(model, bias)) {
    return {
      reason: 'ezkl takes the bias of a convolution as a constant only',
      remedy: 'Add it in a node of its own.',
    };
  }
  return refuseWindow(node);
}

function refuseTransposedConvolution(model: Model, node: ModelNode): Refusal | undefined {
  if ((intAttribute(node, 'group') ?? 0) > 1)
    return { reason: 'ezkl does not lay out groups here', remedy: elsewhere };
  return refuseConvolution(model, node);
}

function refuseAveragePool(_: Model, node: ModelNode): Refusal | undefined {
  if (
    intsAttribute(node, 'pads')?.some((pad) => pad !== 0) &&
    (intAttribute(node, 'count_include_pad') ?? 0) === 0
  ) {
    return {
      reason: 'ezkl counts padding into the average, which gives another result here',
      remedy: 'Set count_include_pad to 1, or pool without padding.',
    };
  }
  return refuseWindow(node);
}

/** Operators whose output is never negative. */
const nonNegative: ReadonlySet<string> = new Set(['Relu', 'Sigmoid', 'Abs', 'Exp', 'Softmax', 'Sqrt']);

function refuseMaxPool(model: Model, node: ModelNode): Refusal | undefined {
  if (node.outputs.some((name, i) => i > 0 && name !== '')) {
    return { reason: 'ezkl gives no indices of the maxima', remedy: 'Leave the second output out.' };
  }
  if (intsAttribute(node, 'pads')?.some((pad) => pad !== 0)) {
    const producer = model.nodes.find(({ outputs }) => outputs.includes(node.inputs[0] ?? ''));
    if (producer === undefined || !nonNegative.has(producer.operator)) {
      return {
        reason: 'ezkl pads with zeros, which gives another result where all values are negative',
        remedy: 'Pool right after ReLU, or without padding.',
      };
    }
  }
  return refuseWindow(node);
}

function refuseCast(model: Model, node: ModelNode): Refusal | undefined {
  const from = elementOf(model, node.inputs[0] ?? '');
  const to = elementOf(model, node.outputs[0] ?? '');
  if (!isFloat(from) || isFloat(to)) return undefined;
  return {
    reason: 'ezkl rounds down where ONNX rounds towards zero, and keeps the scale of the floats',
    remedy: 'Compare with a threshold instead, e.g. Greater.',
  };
}

function refuseIntegerDivision(model: Model, node: ModelNode): Refusal | undefined {
  if (isFloat(elementOf(model, node.inputs[0] ?? ''))) return undefined;
  return { reason: 'ezkl does not round integer quotients', remedy: 'Divide floats.' };
}

function refuseFloatEquality(model: Model, node: ModelNode): Refusal | undefined {
  if (!isFloat(elementOf(model, node.inputs[0] ?? ''))) return undefined;
  return {
    reason: 'ezkl gives the result at the scale of the inputs, which is silently wrong',
    remedy: 'Use Greater and Less: a equals b where neither holds, 1 − Cast(a > b) − Cast(a < b).',
  };
}

function refuseMovingIndices(model: Model, node: ModelNode): Refusal | undefined {
  const indices = node.inputs[1] ?? '';
  const constant = model.constants.get(indices);
  if (node.operator === 'Gather' && (constant !== undefined || model.inputs.includes(indices)))
    return undefined;
  if (constant === undefined) return { reason: 'The indices are computed', remedy: 'Make them constants.' };
  if (constantValues(constant)?.every((index) => index >= 0)) return undefined;
  return {
    reason: 'ezkl does not count negative indices from the end, which is silently wrong',
    remedy: 'Make the indices int64 constants of at least 0.',
  };
}

function refuseConstantMaximum(model: Model, node: ModelNode): Refusal | undefined {
  const large = node.inputs.find((name) => {
    const constant = model.constants.get(name);
    return constant !== undefined && constant.type.shape.reduce((a, b) => a * b, 1) !== 1;
  });
  if (large === undefined) return undefined;
  return {
    reason: 'ezkl takes the maximum with a single constant only',
    remedy: 'Use Min of the negated values.',
  };
}

function refusePadding(model: Model, node: ModelNode): Refusal | undefined {
  const mode = stringAttribute(node, 'mode') ?? 'constant';
  if (mode !== 'constant') return { reason: `ezkl has no padding mode ${mode}`, remedy: elsewhere };
  if ((node.inputs[3] ?? '') !== '')
    return { reason: 'ezkl pads all axes only', remedy: 'Give pads for every axis.' };
  const value = node.inputs[2] ?? '';
  const isZeros = value === '' ? (floatAttribute(node, 'value') ?? 0) === 0 : isZero(model, value);
  if (isZeros) return undefined;
  return {
    reason: 'ezkl pads with zeros only',
    remedy: 'Subtract the padding value before and add it after.',
  };
}

function isZero(model: Model, name: string): boolean {
  const source = model.constants.get(name)?.source;
  if (source?.kind === 'fill') return Number(source.value) === 0;
  return source?.kind === 'bytes' && source.bytes.every((byte) => byte === 0);
}

function refusePower(model: Model, node: ModelNode): Refusal | undefined {
  const constant = model.constants.get(node.inputs[1] ?? '');
  const exponent = constant && scalar(constant);
  if (exponent !== undefined && powers.has(exponent)) return undefined;
  return {
    reason: 'ezkl raises to a constant power of 0.5, 2 or 3 only; others are silently wrong or need a table',
    remedy: 'Multiply, or use Reciprocal, Sqrt, Exp and Log.',
  };
}

const powers: ReadonlySet<number> = new Set([0.5, 2, 3]);

/** The value of a constant of one float. */
function scalar({ type, source }: Constant): number | undefined {
  if (type.shape.reduce((a, b) => a * b, 1) !== 1) return undefined;
  if (source.kind === 'fill') return Number(source.value);
  if (type.element !== 'float32' || source.kind !== 'bytes' || source.bytes.length !== 4) return undefined;
  return new DataView(source.bytes.buffer, source.bytes.byteOffset).getFloat32(0, true);
}

/** With other coordinates ezkl repeats elements all the same, which is silently wrong. */
function refuseResize(model: Model, node: ModelNode): Refusal | undefined {
  const asks = (name: string, value: string) => stringAttribute(node, name) === value;
  const constant = model.constants.get(node.inputs[2] ?? '');
  const scales = (constant && constantValues(constant)) ?? [];
  const repeats = scales.length > 0 && scales.every((scale) => Number.isInteger(scale) && scale >= 1);
  const floors = asks('mode', 'nearest') && asks('nearest_mode', 'floor');
  if (repeats && floors && asks('coordinate_transformation_mode', 'asymmetric')) return undefined;
  return {
    reason: 'ezkl repeats elements only',
    remedy:
      'Set mode to nearest, nearest_mode to floor and coordinate_transformation_mode to asymmetric, and give whole scales.',
  };
}

function refuseCumulativeSum(_: Model, node: ModelNode): Refusal | undefined {
  if (!intAttribute(node, 'exclusive') && !intAttribute(node, 'reverse')) return undefined;
  return {
    reason: 'ezkl sums from the first element on and counts each in, whatever exclusive and reverse say',
    remedy: 'Set both to 0.',
  };
}

function refuseExpansion(model: Model, node: ModelNode): Refusal | undefined {
  if (shapeOf(model, node.inputs[0]).length === shapeOf(model, node.outputs[0]).length) return undefined;
  return {
    reason: 'ezkl repeats elements in another order where axes are added',
    remedy: 'Unsqueeze first, so that only lengths change.',
  };
}

function refuseCelu(_: Model, node: ModelNode): Refusal | undefined {
  if ((floatAttribute(node, 'alpha') ?? 1) === 1) return undefined;
  return { reason: 'ezkl takes alpha as 1', remedy: 'Set alpha to 1, or use Elu.' };
}
