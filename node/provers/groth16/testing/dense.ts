import { float, int } from '../../../model/attribute-values.ts';
import { floatConstant } from '../../../model/constant.ts';
import type { Model, ModelNode } from '../../../model/model.ts';
import type { FloatRange } from '../../circuit/index.ts';
import { groth16Params } from '../parameters.ts';

function dense(input: string, output: string): ModelNode {
  return {
    name: output,
    operator: 'Gemm',
    domain: '',
    inputs: [input, 'weights', 'bias'],
    outputs: [output],
    attributes: new Map([
      ['alpha', float(1)],
      ['beta', float(1)],
      ['transA', int(0)],
      ['transB', int(0)],
    ]),
  };
}

const relu: ModelNode = {
  name: 'relu',
  operator: 'Relu',
  domain: '',
  inputs: ['sum'],
  outputs: ['y'],
  attributes: new Map(),
};

/** y = relu(x·W + b) over four values; `sum` lies between the two. */
export const denseModel: Model = {
  name: 'dense',
  irVersion: 8,
  opsets: new Map([['', 13]]),
  inputs: ['x'],
  outputs: ['y'],
  nodes: [dense('x', 'sum'), relu],
  constants: new Map([
    [
      'weights',
      floatConstant(
        [4, 4],
        Float32Array.from([1, -0.5, 0.25, 0, 0.5, 1, -1, 0.75, -0.25, 0, 1, 0.5, 0, 0.125, -1, 1]),
      ),
    ],
    ['bias', floatConstant([4], Float32Array.from([0.5, -0.25, 0, 0.125]))],
  ]),
  types: new Map(['x', 'sum', 'y'].map((name) => [name, { element: 'float32', shape: [1, 4] }])),
};

/** What a calibration of {@link denseModel} may have seen. */
const denseRanges: ReadonlyMap<string, FloatRange> = new Map([
  ['x', { min: -1, max: 0.99 }],
  ['sum', { min: -3, max: 3 }],
  ['y', { min: 0, max: 3 }],
]);

/** One of the two nodes as a segment of its own. */
export function denseSegment(part: 'gemm' | 'relu'): Model {
  return part === 'gemm'
    ? { ...denseModel, nodes: [dense('x', 'sum')], outputs: ['sum'] }
    : { ...denseModel, nodes: [relu], inputs: ['sum'], constants: new Map() };
}

export const paramsOf = (model: Model) =>
  groth16Params(model, denseRanges, new Set(['sum']), { inputBits: 8 });
