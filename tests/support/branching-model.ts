import { ints } from '../../node/model/attribute-values.ts';
import type { Attribute, Constant, Model, ModelNode, TensorType } from '../../node/model/model.ts';

/** Deterministic weights in [-0.5, 0.5), so that a test's model is the same in every run. */
function weights(shape: readonly number[], seed: number): Constant {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  const values = new Float32Array(count);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 32 - 0.5;
  }
  return {
    type: { element: 'float32', shape },
    source: { kind: 'bytes', bytes: new Uint8Array(values.buffer) },
  };
}

function node(
  name: string,
  operator: string,
  inputs: string[],
  output: string,
  attributes: [string, Attribute][] = [],
): ModelNode {
  return { name, operator, domain: '', inputs, outputs: [output], attributes: new Map(attributes) };
}

const convolution = (size: number, pad: number): [string, Attribute][] => [
  ['kernel_shape', ints(size, size)],
  ['strides', ints(1, 1)],
  ['pads', ints(pad, pad, pad, pad)],
  ['dilations', ints(1, 1)],
  ['group', { type: 'int', value: 1n }],
  ['auto_pad', { type: 'string', value: 'NOTSET' }],
];

/**
 * A small residual network on a [1, 1, 6, 6] image: one branch convolves, the other skips, both are added, and a
 * dense layer reads the sum. Cut at `trunk`, `branch.out` and `joined` it is a DAG, not a chain.
 */
export function branchingModel(seed = 7): Model {
  const float = (...shape: number[]): TensorType => ({ element: 'float32', shape });
  return {
    name: 'branching',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['image'],
    outputs: ['scores'],
    nodes: [
      node('stem', 'Conv', ['image', 'stem.weight'], 'stem.out', convolution(3, 1)),
      node('stem.relu', 'Relu', ['stem.out'], 'trunk'),
      node('branch', 'Conv', ['trunk', 'branch.weight'], 'branch.out', convolution(3, 1)),
      node('join', 'Add', ['branch.out', 'trunk'], 'joined'),
      node('flatten', 'Flatten', ['joined'], 'flat', [['axis', { type: 'int', value: 1n }]]),
      node('dense', 'Gemm', ['flat', 'dense.weight', 'dense.bias'], 'scores', [
        ['alpha', { type: 'float', value: 1 }],
        ['beta', { type: 'float', value: 1 }],
        ['transA', { type: 'int', value: 0n }],
        ['transB', { type: 'int', value: 1n }],
      ]),
    ],
    constants: new Map([
      ['stem.weight', weights([2, 1, 3, 3], seed)],
      ['branch.weight', weights([2, 2, 3, 3], seed + 1)],
      ['dense.weight', weights([3, 72], seed + 2)],
      ['dense.bias', weights([3], seed + 3)],
    ]),
    types: new Map([
      ['image', float(1, 1, 6, 6)],
      ['stem.out', float(1, 2, 6, 6)],
      ['trunk', float(1, 2, 6, 6)],
      ['branch.out', float(1, 2, 6, 6)],
      ['joined', float(1, 2, 6, 6)],
      ['flat', float(1, 72)],
      ['scores', float(1, 3)],
    ]),
  };
}
