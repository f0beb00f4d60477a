/** Models of a few nodes, for tests. */
import { floatConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import type { Attribute, Constant, Model, ModelNode, TensorType } from '../model.ts';

/** A node that is named after the one tensor it writes. */
export function nodeOf(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): ModelNode {
  return {
    name: output,
    operator,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(Object.entries(attributes)),
  };
}

/** A draft of these nodes that reads `x`, a matrix of 2×3, and gives `y`, until it is changed. */
export function draftOf(nodes: readonly ModelNode[], change: Partial<Draft> = {}): Draft {
  return {
    name: 'test',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['y'],
    nodes,
    constants: new Map(),
    types: new Map([['x', { element: 'float32', shape: [2, 3] }]]),
    ...change,
  };
}

/** A model that only takes inputs, of these names and types. */
export function takingInputs(types: Readonly<Record<string, TensorType>>): Model {
  return {
    name: 'inputs',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: Object.keys(types),
    outputs: [],
    nodes: [],
    constants: new Map(),
    types: new Map(Object.entries(types)),
  };
}

/** y = relu(w · x) over four values. */
export function scaledModel(weights: readonly number[], change: Partial<Model> = {}): Model {
  const type = { element: 'float32' as const, shape: [1, 4] };
  return {
    name: 'scaled',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['y'],
    nodes: [nodeOf('Mul', ['x', 'w'], 'm'), nodeOf('Relu', ['m'], 'y')],
    constants: new Map([['w', floatConstant([1, 4], Float32Array.from(weights))]]),
    types: new Map(['x', 'm', 'y'].map((name) => [name, type])),
    ...change,
  };
}

/** A node of `networkOf`, and the tensors that it reads. */
export type NetworkRow = readonly [operator: string, inputs: readonly string[]];

/**
 * A model whose tensors all have one type: it reads `x` and `y`, its nodes write `t0`, `t1`, … in their order.
 *
 * @param weights the constant `w`
 */
export function networkOf(
  rows: readonly NetworkRow[],
  outputs: readonly string[],
  { type, weights }: { type: TensorType; weights: Constant },
): Model {
  const written = rows.map((_, index) => `t${index}`);
  return {
    name: 'network',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: ['x', 'y'],
    outputs,
    nodes: rows.map(([operator, inputs], index) => ({
      ...nodeOf(operator, inputs, `t${index}`),
      name: `n${index}`,
    })),
    constants: new Map([['w', weights]]),
    types: new Map(['x', 'y', ...written].map((name) => [name, type])),
  };
}
