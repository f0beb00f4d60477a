import { float, int } from '../attribute-values.ts';
import type { Draft } from '../draft.ts';
import type { Attribute, ModelNode } from '../model.ts';
import { knownType } from './known-type.ts';
import { windowAttributes } from './window-attributes.ts';

/** A default of the ONNX operator specification, and the opset versions in which the attribute exists. */
interface Default {
  value: Attribute;
  since?: number;
  until?: number;
}

const string = (value: string): Attribute => ({ type: 'string', value });

const reduction = { keepdims: [{ value: int(1) }] };
const softmax = {
  axis: [
    { value: int(1), until: 12 },
    { value: int(-1), since: 13 },
  ],
};
const arg = {
  axis: [{ value: int(0) }],
  keepdims: [{ value: int(1) }],
  select_last_index: [{ value: int(0), since: 12 }],
};

/** Defaults by operator and attribute: https://onnx.ai/onnx/operators/. */
const defaults: Readonly<Record<string, Readonly<Record<string, readonly Default[]>>>> = {
  ArgMax: arg,
  ArgMin: arg,
  BatchNormalization: { epsilon: [{ value: float(1e-5) }], momentum: [{ value: float(0.9) }] },
  CumSum: { exclusive: [{ value: int(0) }], reverse: [{ value: int(0) }] },
  DepthToSpace: { mode: [{ value: string('DCR'), since: 11 }] },
  Elu: { alpha: [{ value: float(1) }] },
  Flatten: { axis: [{ value: int(1) }] },
  Gather: { axis: [{ value: int(0) }] },
  GatherElements: { axis: [{ value: int(0) }] },
  Gelu: { approximate: [{ value: string('none') }] },
  Gemm: {
    alpha: [{ value: float(1) }],
    beta: [{ value: float(1) }],
    transA: [{ value: int(0) }],
    transB: [{ value: int(0) }],
  },
  HardSigmoid: { alpha: [{ value: float(0.2) }], beta: [{ value: float(0.5) }] },
  Hardmax: softmax,
  InstanceNormalization: { epsilon: [{ value: float(1e-5) }] },
  LayerNormalization: {
    axis: [{ value: int(-1) }],
    epsilon: [{ value: float(1e-5) }],
    stash_type: [{ value: int(1) }],
  },
  LeakyRelu: { alpha: [{ value: float(0.01) }] },
  LogSoftmax: softmax,
  LpNormalization: { axis: [{ value: int(-1) }], p: [{ value: int(2) }] },
  LRN: { alpha: [{ value: float(1e-4) }], beta: [{ value: float(0.75) }], bias: [{ value: float(1) }] },
  Mod: { fmod: [{ value: int(0) }] },
  Pad: { mode: [{ value: string('constant') }] },
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: reduction,
  ReduceSumSquare: reduction,
  Selu: { alpha: [{ value: float(1.6732632) }], gamma: [{ value: float(1.050701) }] },
  Softmax: softmax,
  Split: { axis: [{ value: int(0) }] },
  ThresholdedRelu: { alpha: [{ value: float(1) }] },
  TopK: {
    axis: [{ value: int(-1) }],
    largest: [{ value: int(1), since: 11 }],
    sorted: [{ value: int(1), since: 11 }],
  },
};

/**
 * Writes out the attributes that nodes leave to their defaults, `auto_pad` as pads, and negative axes from
 * the front: provers' importers and circuits then read values and never have to know defaults.
 */
export function explicitAttributes(draft: Draft): Draft {
  const opset = draft.opsets.get('') ?? 1;
  const nodes = draft.nodes.map((node): ModelNode => {
    if (node.domain !== '') return node;
    const attributes = new Map(node.attributes);
    for (const [name, values] of Object.entries(defaults[node.operator] ?? {})) {
      const found = values.find(({ since = 1, until = opset }) => since <= opset && opset <= until);
      if (found !== undefined && !attributes.has(name)) attributes.set(name, found.value);
    }
    for (const [name, value] of windowAttributes(draft, node, opset)) attributes.set(name, value);
    const rank = knownType(draft, node.inputs[0] ?? '')?.shape.length;
    if (node.operator === 'Transpose' && !attributes.has('perm') && rank !== undefined) {
      const value = Array.from({ length: rank }, (_, i) => BigInt(rank - 1 - i));
      attributes.set('perm', { type: 'ints', value });
    }
    const axis = attributes.get('axis');
    if (axis?.type === 'int' && axis.value < 0n && rank !== undefined && countsInputAxes(node)) {
      attributes.set('axis', { type: 'int', value: axis.value + BigInt(rank) });
    }
    return { ...node, attributes };
  });
  return { ...draft, nodes };
}

/** Whether the node's `axis` counts its first input's axes; a few operators count another rank's. */
function countsInputAxes(node: ModelNode): boolean {
  return defaults[node.operator]?.axis !== undefined || node.operator === 'Concat';
}
