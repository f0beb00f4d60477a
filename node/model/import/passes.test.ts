import { describe, expect, it } from 'vitest';
import { ints } from '../attribute-values.ts';
import { floatConstant, integerConstant } from '../constant.ts';
import type { Draft } from '../draft.ts';
import type { Attribute, Constant, ModelNode } from '../model.ts';
import { type AttributeMessage, attributeType, type GraphMessage } from '../onnx/schema.ts';
import { randomValues } from '../test-models/random-values.ts';
import { runModel, worstDeviation } from '../test-models/run-model.ts';
import { draftOf } from '../test-models/small-models.ts';
import { normalise } from './normalise.ts';

function node(
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute> = {},
): ModelNode {
  return { name: '', operator, domain: '', inputs, outputs, attributes: new Map(Object.entries(attributes)) };
}

function draft(
  shape: (number | string)[],
  nodes: ModelNode[],
  constants: Record<string, Constant> = {},
): Draft {
  return draftOf(nodes, {
    constants: new Map(Object.entries(constants)),
    types: new Map([['x', { element: 'float32', shape }]]),
  });
}

const random = (shape: number[], seed: number, spread = 1, mean = 0): Constant =>
  floatConstant(
    shape,
    randomValues(
      shape.reduce((a, b) => a * b, 1),
      seed,
      spread,
      mean,
    ),
  );
const string = (value: string): Attribute => ({ type: 'string', value });
const operators = (model: Draft) => model.nodes.map(({ operator }) => operator);

/** Normalises, and asserts that the function stayed the same. */
async function normaliseChecked(raw: Draft) {
  const model = await normalise(raw);
  const [expected] = (await runModel(raw, 3)).values();
  const [actual] = (await runModel(model, 3)).values();
  expect(expected?.some((value) => value !== expected[0])).toBe(true);
  expect(worstDeviation(actual ?? new Float32Array(0), expected ?? new Float32Array(0))).toBeLessThanOrEqual(
    1,
  );
  return model;
}

const batchNorm = (channels: number, seed: number): Record<string, Constant> => ({
  scale: random([channels], seed, 0.5, 1),
  bias: random([channels], seed + 1),
  mean: random([channels], seed + 2),
  variance: random([channels], seed + 3, 0.5, 1),
});
const batchNormNode = (input: string, output: string) =>
  node('BatchNormalization', [input, 'scale', 'bias', 'mean', 'variance'], [output]);

describe('batch normalisation', () => {
  it('goes into the convolution before it', async () => {
    const raw = draft([1, 2, 5, 5], [node('Conv', ['x', 'w'], ['c']), batchNormNode('c', 'y')], {
      w: random([3, 2, 3, 3], 1),
      ...batchNorm(3, 2),
    });
    expect(operators(await normaliseChecked(raw))).toEqual(['Conv']);
  });

  it.each([0, 1])('goes into the dense layer before it, transB=%i', async (transB) => {
    const attributes: Record<string, Attribute> = {
      transB: { type: 'int', value: BigInt(transB) },
      alpha: { type: 'float', value: 0.5 },
      beta: { type: 'float', value: 2 },
    };
    const raw = draft([2, 4], [node('Gemm', ['x', 'w', 'b'], ['c'], attributes), batchNormNode('c', 'y')], {
      w: random(transB === 1 ? [3, 4] : [4, 3], 1),
      b: random([3], 9),
      ...batchNorm(3, 2),
    });
    expect(operators(await normaliseChecked(raw))).toEqual(['Gemm']);
  });

  it('becomes a product and a sum where nothing before it can take it', async () => {
    const raw = draft([1, 3, 4, 4], [batchNormNode('x', 'y')], batchNorm(3, 2));
    expect(operators(await normaliseChecked(raw))).toEqual(['Mul', 'Add']);
  });

  it('stays out of a convolution that something else reads', async () => {
    const nodes = [node('Conv', ['x', 'w'], ['c']), batchNormNode('c', 'n'), node('Add', ['n', 'c'], ['y'])];
    const raw = draft([1, 2, 5, 5], nodes, { w: random([3, 2, 3, 3], 1), ...batchNorm(3, 2) });
    expect(operators(await normaliseChecked(raw))).toEqual(['Conv', 'Mul', 'Add', 'Add']);
  });
});

describe('sums and products with constants', () => {
  it('of a chain become one of each', async () => {
    const nodes = [
      node('Add', ['x', 'a'], ['p']),
      node('Mul', ['p', 'b'], ['q']),
      node('Add', ['q', 'c'], ['r']),
      node('Mul', ['r', 'd'], ['y']),
    ];
    const constants = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name, i) => [name, random([3, 1, 1], i + 1, 1, 2)]),
    );
    expect(operators(await normaliseChecked(draft([1, 3, 4, 4], nodes, constants)))).toEqual(['Mul', 'Add']);
  });

  it('over another axis than the channels are left alone', async () => {
    const nodes = [node('Conv', ['x', 'w'], ['c']), node('Mul', ['c', 'm'], ['y'])];
    const raw = draft([1, 2, 5, 5], nodes, { w: random([3, 2, 3, 3], 1), m: random([1, 1, 3], 2) });
    expect(operators(await normaliseChecked(raw))).toEqual(['Conv', 'Mul']);
  });
});

describe('windows', () => {
  it.each(['SAME_UPPER', 'SAME_LOWER', 'VALID'])('get explicit pads for %s', async (mode) => {
    const convolution = { auto_pad: string(mode), strides: ints(2, 2) };
    const pooling = { auto_pad: string(mode), kernel_shape: ints(2, 2), strides: ints(1, 1) };
    const nodes = [node('Conv', ['x', 'w'], ['c'], convolution), node('MaxPool', ['c'], ['y'], pooling)];
    const model = await normaliseChecked(draft([1, 2, 8, 9], nodes, { w: random([3, 2, 3, 4], 1) }));
    for (const { attributes } of model.nodes) expect(attributes.get('auto_pad')).toEqual(string('NOTSET'));
  });

  it.each(['SAME_UPPER', 'SAME_LOWER'])(
    'of a transposed convolution get explicit pads for %s',
    async (mode) => {
      const attributes = { auto_pad: string(mode), strides: ints(2, 2) };
      const raw = draft([1, 2, 4, 5], [node('ConvTranspose', ['x', 'w'], ['y'], attributes)], {
        w: random([2, 3, 3, 5], 1),
      });
      await normaliseChecked(raw);
    },
  );
});

describe('shapes', () => {
  it('that are computed from shapes become constants', async () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n']),
      node('Unsqueeze', ['n', 'axes'], ['n1']),
      node('Concat', ['n1', 'rest'], ['t'], { axis: { type: 'int', value: 0n } }),
      node('Reshape', ['x', 't'], ['y']),
    ];
    const constants = {
      zero: integerConstant([], [0n]),
      axes: integerConstant([1], [0n]),
      rest: integerConstant([1], [-1n]),
    };
    const model = await normaliseChecked(draft([2, 3, 4], nodes, constants));
    expect(operators(model)).toEqual(['Reshape']);
    expect(model.types.get('y')?.shape).toEqual([2, 12]);
  });

  it('that depend on values are measured, with a note', async () => {
    const notes: string[] = [];
    const raw = draft([2, 3], [node('NonZero', ['x'], ['i']), node('Transpose', ['i'], ['y'])]);
    const model = await normalise(raw, {
      onProgress: (event) => event.type === 'note' && notes.push(event.message),
    });
    expect(model.types.get('y')).toEqual({ element: 'int64', shape: [6, 2] });
    expect(notes.join()).toMatch(/depend on values/);
  });
});

describe('a node that hands on its input', () => {
  it('goes, and names of inputs and outputs stay', async () => {
    const nodes = [
      node('Identity', ['x'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Dropout', ['b'], ['c']),
      node('Identity', ['c'], ['y']),
    ];
    const model = await normaliseChecked(draft([2, 3], nodes));
    expect(model.nodes).toMatchObject([{ operator: 'Relu', inputs: ['x'], outputs: ['y'] }]);
  });
});

describe('If', () => {
  const branch = (name: string, operator: string): Attribute => {
    const graph = {
      name,
      node: [{ input: ['x', 'x'].slice(0, operator === 'Mul' ? 2 : 1), output: ['r'], opType: operator }],
      output: [{ name: 'r' }],
    } as unknown as GraphMessage;
    const message: Partial<AttributeMessage> = { name, type: 5, g: graph };
    return {
      type: 'opaque',
      value: attributeType.encode(attributeType.fromObject(message)).finish(),
      captures: ['x'],
    };
  };
  const branches = { then_branch: branch('then_branch', 'Mul'), else_branch: branch('else_branch', 'Relu') };

  it.each([
    [1, 'Mul'],
    [0, 'Relu'],
  ])('with the condition %i becomes its branch %s', async (condition, operator) => {
    const constant: Constant = {
      type: { element: 'bool', shape: [] },
      source: { kind: 'bytes', bytes: Uint8Array.of(condition) },
    };
    const raw = draft([2, 3], [node('If', ['when'], ['y'], branches)], { when: constant });
    expect(operators(await normaliseChecked(raw))).toEqual([operator]);
  });

  it('with a computed condition stays, with its branches', async () => {
    const nodes = [
      node('ReduceSum', ['x'], ['sum'], { keepdims: { type: 'int', value: 0n } }),
      node('Greater', ['sum', 'zero'], ['when']),
      node('If', ['when'], ['y'], branches),
    ];
    const model = await normaliseChecked(
      draft([2, 3], nodes, { zero: floatConstant([], Float32Array.of(0)) }),
    );
    expect(operators(model)).toEqual(['ReduceSum', 'Greater', 'If']);
  });
});
