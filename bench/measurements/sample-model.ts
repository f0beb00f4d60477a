import { ints } from '../../node/model/attribute-values.ts';
import { floatConstant } from '../../node/model/constant.ts';
import type { Attribute, Constant, ElementType, Model } from '../../node/model/model.ts';

/** A small model for measuring, written down shortly. */
export interface SampleModel {
  /** Shapes of the inputs, by name. */
  inputs: Readonly<Record<string, readonly number[]>>;
  nodes: readonly SampleNode[];
  /** Type of every tensor that a node computes: a shape, and an element type where it is not float32. */
  types: Readonly<Record<string, readonly number[] | { element: ElementType; shape: readonly number[] }>>;
  constants?: Readonly<Record<string, Constant>>;
  /** By default what the last node computes. */
  outputs?: readonly string[];
}

export interface SampleNode {
  operator: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
}

export const text = (value: string): Attribute => ({ type: 'string', value });

/** The attributes that import writes on a convolution or a pooling of square windows. */
export function window(side: number, stride = 1, pad = 0): Record<string, Attribute> {
  return {
    kernel_shape: ints(side, side),
    strides: ints(stride, stride),
    pads: ints(pad, pad, pad, pad),
    dilations: ints(1, 1),
  };
}

/** Numbers from [-0.5, 0.5) that are the same in every run. */
export function weights(...shape: number[]): Constant {
  let state = shape.reduce((sum, side) => 31 * sum + side, 7) >>> 0;
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 32 - 0.5;
  }
  return floatConstant(shape, values);
}

/** One float without dimensions. */
export function scalar(value: number): Constant {
  return floatConstant([], Float32Array.of(value));
}

/** The model of a sample, as import would give it. */
export function buildSample({ inputs, nodes, types, constants = {}, outputs }: SampleModel): Model {
  return {
    name: 'sample',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: Object.keys(inputs),
    outputs: outputs ?? nodes.at(-1)?.outputs ?? [],
    nodes: nodes.map(({ attributes = {}, ...node }, index) => ({
      ...node,
      name: `node ${index}`,
      domain: '',
      attributes: new Map(Object.entries(attributes)),
    })),
    constants: new Map(Object.entries(constants)),
    types: new Map(
      Object.entries({ ...inputs, ...types }).map(([name, type]) => [
        name,
        'element' in type ? type : { element: 'float32', shape: type },
      ]),
    ),
  };
}
