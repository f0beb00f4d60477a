import { describe, expect, it } from 'vitest';
import { interpret } from '../../../../protocol/arithmetic/interpreter.ts';
import { ints } from '../../../model/attribute-values.ts';
import { floatConstant } from '../../../model/constant.ts';
import type { Attribute, Model } from '../../../model/model.ts';
import { nodeOf } from '../../../model/test-models/small-models.ts';
import { quantiseModel } from './quantise-model.ts';

/** One node that reads `x`, and its constants. */
function modelOf(
  operator: string,
  shapes: { x: readonly number[]; y: readonly number[] },
  rest: { weights?: readonly number[]; attributes?: Record<string, Attribute> },
): Model {
  const { weights, attributes = {} } = rest;
  return {
    name: 'one',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['y'],
    nodes: [
      {
        name: 'node',
        operator,
        domain: '',
        inputs: weights === undefined ? ['x'] : ['x', 'w'],
        outputs: ['y'],
        attributes: new Map(Object.entries(attributes)),
      },
    ],
    constants:
      weights === undefined
        ? new Map()
        : new Map([['w', floatConstant([weights.length, 1], Float32Array.from(weights))]]),
    types: new Map(
      Object.entries(shapes).map(([name, shape]) => [name, { element: 'float32', shape }] as const),
    ),
  };
}

const ranges = new Map(['x', 'y'].map((name) => [name, { min: -4, max: 4 }]));

describe('weights at the limits of their integers', () => {
  const shapes = { x: [1, 2], y: [1, 1] };

  it.each(['MatMul', 'Mul'])('keep their sign in %s at 31 bits', async (operator) => {
    const model = modelOf(operator, operator === 'Mul' ? { x: [2, 1], y: [2, 1] } : shapes, {
      weights: [3, -1],
    });
    const { model: quantised } = await quantiseModel(model, ranges, { weightBits: 31, inputBits: 4 });
    const [operation] = quantised.nodes.map((node) => node.operation);
    const integers =
      operation?.kind === 'matrix'
        ? operation.weights
        : operation?.kind === 'affine'
          ? operation.terms[0]?.factor
          : undefined;
    expect(integers).toEqual(
      (operation?.kind === 'matrix' ? Int32Array : Float64Array).of(3 * 2 ** 29, -(2 ** 29)),
    );
  });

  it.each([
    ['as many bits as would wrap around to another sign', [3, -1], 32],
    ['a weight beyond any scale', [2 ** 70, 1], 7],
    ['a weight that is infinite', [Number.POSITIVE_INFINITY, 1], 7],
    ['a weight that is no number', [Number.NaN, 1], 7],
  ])('refuse %s', async (_, weights, weightBits) => {
    const model = modelOf('MatMul', shapes, { weights });
    await expect(quantiseModel(model, ranges, { weightBits, inputBits: 4 })).rejects.toMatchObject({
      code: 'RANGE_EXCEEDED',
    });
  });
});

describe('an edge that is clipped', () => {
  it('holds the values that are cut off', async () => {
    const model = modelOf('Clip', { x: [2, 1], y: [2, 1] }, {});
    const limits = new Map([
      ['low', floatConstant([], Float32Array.of(-0.25))],
      ['high', floatConstant([], Float32Array.of(0.25))],
    ]);
    const nodes = model.nodes.map((node) => ({ ...node, inputs: ['x', 'low', 'high'] }));
    const clipped = new Map([...ranges, ['y', { min: -0.25, max: 0.25 }]]);
    const { model: quantised } = await quantiseModel({ ...model, nodes, constants: limits }, clipped, {
      activationBits: 5,
      inputBits: 16,
      edges: new Set(['y']),
    });
    const scaleOf = (name = '') => quantised.tensors.get(name)?.scale ?? Number.NaN;
    const x = Float64Array.of(-4, 3).map((value) => value * 2 ** scaleOf('x'));
    const [y = ''] = quantised.outputs;
    const result = interpret(quantised, new Map([['x', x]])).get(y);
    expect(result).toEqual(Float64Array.of(-0.25, 0.25).map((value) => value * 2 ** scaleOf(y)));
  });
});

describe('averages', () => {
  it('refuse windows whose factors no 32-bit integer holds', async () => {
    // The window at a corner covers one element, the one in the middle 2^20.
    const side = 1024;
    const step = side - 1;
    const model = modelOf(
      'AveragePool',
      { x: [1, 1, side, side], y: [1, 1, 3, 3] },
      {
        attributes: {
          kernel_shape: ints(side, side),
          strides: ints(step, step),
          pads: ints(step, step, step, step),
        },
      },
    );
    await expect(quantiseModel(model, ranges)).rejects.toMatchObject({
      code: 'UNPROVABLE',
      message: expect.stringContaining('from 1 to 1048576 elements'),
    });
  });
});

describe('ReLUs in a row', () => {
  it('hold values as far below zero as calibration saw before the first', async () => {
    const model = modelOf('Relu', { x: [2, 1], y: [2, 1] }, {});
    const nodes = [nodeOf('Relu', ['x'], 'once'), nodeOf('Relu', ['once'], 'y')];
    const types = new Map([...model.types, ['once', { element: 'float32', shape: [2, 1] }] as const]);
    const seen = new Map([
      ['x', { min: -64, max: 1 }],
      ['once', { min: 0, max: 1 }],
      ['y', { min: 0, max: 1 }],
    ]);
    const { model: quantised } = await quantiseModel({ ...model, nodes, types }, seen, { inputBits: 12 });
    const [x, y] = [quantised.tensors.get('x'), quantised.tensors.get(quantised.outputs[0] ?? '')];
    const result = interpret(
      quantised,
      new Map([['x', Float64Array.of(-64, 1).map((value) => value * 2 ** (x?.scale ?? 0))]]),
    );
    expect(result.get(quantised.outputs[0] ?? '')).toEqual(Float64Array.of(0, 2 ** (y?.scale ?? 0)));
  });
});
