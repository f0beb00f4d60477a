import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, int, ints } from '../../model/attribute-values.ts';
import { floatConstant, integerConstant } from '../../model/constant.ts';
import { importModel } from '../../model/import/index.ts';
import { normalise } from '../../model/import/normalise.ts';
import type { Attribute, Constant, Model } from '../../model/model.ts';
import { readModel } from '../../model/onnx/index.ts';
import { lightModel } from '../../model/test-models/light-models.ts';
import { randomValues } from '../../model/test-models/random-values.ts';
import { randomiseFills } from '../../model/test-models/randomise-fills.ts';
import { runModel, withLogits } from '../../model/test-models/run-model.ts';
import { draftOf, nodeOf } from '../../model/test-models/small-models.ts';
import { type AppliedRewrite, rewriteModel } from './index.ts';

type Row = [operator: string, inputs: string[], output: string, attributes?: Record<string, Attribute>];

/** An imported model of an image [1, 2, 6, 6] called `x`; its nodes are called after what they write. */
async function network(
  rows: readonly Row[],
  {
    outputs = ['y'],
    constants = {},
    opset = 13,
  }: { outputs?: string[]; constants?: Record<string, Constant>; opset?: number } = {},
): Promise<Model> {
  const draft = draftOf(
    rows.map((row) => nodeOf(...row)),
    {
      opsets: new Map([['', opset]]),
      outputs,
      constants: new Map(Object.entries(constants)),
      types: new Map([['x', { element: 'float32', shape: [1, 2, 6, 6] }]]),
    },
  );
  return normalise(draft);
}

const scalar = (value: number) => floatConstant([], Float32Array.of(value));
const pool: Record<string, Attribute> = { kernel_shape: ints(2, 2), strides: ints(2, 2) };
const operators = ({ nodes }: Model) => nodes.map(({ operator }) => operator);

/** Rewrites, and asserts that every output stays the same to the bit. */
async function rewriteChecked(
  model: Model,
  keep?: ReadonlySet<string>,
): Promise<{ model: Model; applied: AppliedRewrite[] }> {
  const rewritten = rewriteModel(model, keep);
  expect(rewritten.model.inputs).toEqual(model.inputs);
  expect(rewritten.model.outputs).toEqual(model.outputs);
  for (const seed of [3, 4]) {
    const expected = await runModel(model, seed);
    expect([...expected.values()].some((values) => values.some((value) => value !== values[0]))).toBe(true);
    expect(await runModel(rewritten.model, seed)).toEqual(expected);
  }
  expect(rewriteModel(rewritten.model, keep)).toEqual({ model: rewritten.model, applied: [] });
  return rewritten;
}

describe('rewriteModel on real models', () => {
  const own = (name: string) => fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url));

  it.each([
    ['lenet', 2],
    ['cnn-small', 0],
    ['mlp', 0],
  ])('keeps what %s computes to the bit, with %i rewrites', async (name, count) => {
    const { model } = await importModel(own(name));
    expect((await rewriteChecked(model)).applied).toHaveLength(count);
  });

  it('rectifies a quarter of the elements of LeNet', async () => {
    const { model, applied } = rewriteModel((await importModel(own('lenet'))).model);
    expect(applied).toEqual([
      { rule: 'activation after max-pooling', nodes: ['/1/Relu', '/2/MaxPool'] },
      { rule: 'activation after max-pooling', nodes: ['/4/Relu', '/5/MaxPool'] },
    ]);
    expect(operators(model).slice(0, 6)).toEqual(['Conv', 'MaxPool', 'Relu', 'Conv', 'MaxPool', 'Relu']);
    const rectified = model.nodes.filter(({ operator }) => operator === 'Relu').slice(0, 2);
    expect(rectified.map(({ outputs }) => model.types.get(outputs[0] ?? '')?.shape)).toEqual([
      [1, 6, 12, 12],
      [1, 16, 4, 4],
    ]);
  });

  it.each(['light_squeezenet', 'light_inception_v1'] as const)(
    'keeps what %s computes with random weights',
    async (name) => {
      const model = await normalise(withLogits(await randomiseFills(readModel(lightModel(name)).draft, 1)));
      const { applied } = await rewriteChecked(model);
      expect(applied.length).toBeGreaterThan(0);
    },
  );
});

describe('rewriteModel', () => {
  it.each<[string, Row, Record<string, Constant>]>([
    ['ReLU', ['Relu', ['x'], 'a'], {}],
    ['a clip', ['Clip', ['x', 'lo', 'hi'], 'a'], { lo: scalar(-0.25), hi: scalar(0.5) }],
    ['a leaky ReLU', ['LeakyRelu', ['x'], 'a', { alpha: float(0.25) }], {}],
  ])('puts %s after max-pooling', async (_name, activation, constants) => {
    const model = await network([activation, ['MaxPool', ['a'], 'y', pool]], { constants });
    expect(operators((await rewriteChecked(model)).model)).toEqual(['MaxPool', activation[0]]);
  });

  it('takes an activation past several poolings', async () => {
    const model = await network([
      ['Relu', ['x'], 'a'],
      ['MaxPool', ['a'], 'b', pool],
      ['GlobalMaxPool', ['b'], 'y'],
    ]);
    expect(operators((await rewriteChecked(model)).model)).toEqual(['MaxPool', 'GlobalMaxPool', 'Relu']);
  });

  it('takes one activation out of all parts of what is concatenated and pooled', async () => {
    const model = await network([
      ['Relu', ['x'], 'a'],
      ['Neg', ['x'], 'n'],
      ['Relu', ['n'], 'b'],
      ['Concat', ['a', 'b'], 'c', { axis: int(1) }],
      ['MaxPool', ['c'], 'y', pool],
    ]);
    expect(operators((await rewriteChecked(model)).model)).toEqual(['Neg', 'Concat', 'MaxPool', 'Relu']);
  });

  it.each<[string, Row[], { outputs?: string[]; constants?: Record<string, Constant> }]>([
    [
      'another node reads',
      [
        ['Relu', ['x'], 'a'],
        ['MaxPool', ['a'], 'p', pool],
        ['ReduceSum', ['a'], 's', { keepdims: int(1) }],
        ['Add', ['p', 's'], 'y'],
      ],
      {},
    ],
    [
      'is a result',
      [
        ['Relu', ['x'], 'a'],
        ['MaxPool', ['a'], 'y', pool],
      ],
      { outputs: ['y', 'a'] },
    ],
    [
      'falls for negative values',
      [
        ['LeakyRelu', ['x'], 'a', { alpha: float(-0.5) }],
        ['MaxPool', ['a'], 'y', pool],
      ],
      {},
    ],
    [
      'is not monotone',
      [
        ['Abs', ['x'], 'a'],
        ['MaxPool', ['a'], 'y', pool],
      ],
      {},
    ],
    [
      'is pooled with padding',
      [
        ['Relu', ['x'], 'a'],
        ['MaxPool', ['a'], 'y', { ...pool, pads: ints(1, 1, 1, 1) }],
      ],
      {},
    ],
    [
      'is pooled without getting smaller',
      [
        ['Relu', ['x'], 'a'],
        ['MaxPool', ['a'], 'y', { kernel_shape: ints(1, 1) }],
      ],
      {},
    ],
    [
      'is averaged',
      [
        ['Relu', ['x'], 'a'],
        ['AveragePool', ['a'], 'y', pool],
      ],
      {},
    ],
    [
      'is concatenated with something else',
      [
        ['Relu', ['x'], 'a'],
        ['Neg', ['x'], 'n'],
        ['Concat', ['a', 'n'], 'c', { axis: int(1) }],
        ['MaxPool', ['c'], 'y', pool],
      ],
      {},
    ],
    [
      'differs between the parts',
      [
        ['LeakyRelu', ['x'], 'a', { alpha: float(0.5) }],
        ['Neg', ['x'], 'n'],
        ['LeakyRelu', ['n'], 'b', { alpha: float(0.25) }],
        ['Concat', ['a', 'b'], 'c', { axis: int(1) }],
        ['MaxPool', ['c'], 'y', pool],
      ],
      {},
    ],
  ])('leaves an activation alone that %s', async (_name, rows, options) => {
    const model = await network(rows, options);
    expect(await rewriteChecked(model)).toEqual({ model, applied: [] });
  });

  it('leaves maxima alone whose places are asked for', async () => {
    const model = await network([
      ['Relu', ['x'], 'a'],
      ['MaxPool', ['a'], 'y', pool],
    ]);
    const indexed: Model = {
      ...model,
      outputs: ['y', 'places'],
      nodes: model.nodes.map((node) =>
        node.operator === 'MaxPool' ? { ...node, outputs: ['y', 'places'] } : node,
      ),
      types: new Map([...model.types, ['places', { element: 'int64', shape: [1, 2, 3, 3] }]]),
    };
    expect(rewriteModel(indexed)).toEqual({ model: indexed, applied: [] });
  });

  it('keeps the tensors it is asked to keep', async () => {
    const model = await network([
      ['Relu', ['x'], 'a'],
      ['MaxPool', ['a'], 'y', pool],
    ]);
    expect(await rewriteChecked(model, new Set(['a']))).toEqual({ model, applied: [] });
  });

  it('merges what clips twice, for every pair of intervals', async () => {
    const bounds = fc
      .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 4 }))
      .map(([lo, width]) => ({ lo: lo / 4, hi: (lo + width) / 4 }));
    await fc.assert(
      fc.asyncProperty(bounds, bounds, async (inner, outer) => {
        const constants = {
          a: scalar(inner.lo),
          b: scalar(inner.hi),
          c: scalar(outer.lo),
          d: scalar(outer.hi),
        };
        const rows: Row[] = [
          ['Clip', ['x', 'a', 'b'], 'z'],
          ['Clip', ['z', 'c', 'd'], 'y'],
        ];
        const model = await network(rows, { constants });
        const rewritten = rewriteModel(model);
        expect(operators(rewritten.model)).toEqual(['Clip']);
        expect(await runModel(rewritten.model, 5)).toEqual(await runModel(model, 5));
      }),
      { numRuns: 40 },
    );
  });

  it('makes one of ReLU and ReLU6, by attributes too', async () => {
    const model = await network(
      [
        ['Relu', ['x'], 'a'],
        ['Clip', ['a'], 'y', { min: float(0), max: float(0.5) }],
      ],
      { opset: 9 },
    );
    const { model: rewritten } = await rewriteChecked(model);
    expect(rewritten.nodes.map(({ operator, inputs }) => [operator, inputs])).toEqual([['Clip', ['x']]]);
  });

  it('drops a ReLU of what is never negative, and no other', async () => {
    const model = await network([
      ['Sigmoid', ['x'], 's'],
      ['AveragePool', ['s'], 'p', pool],
      ['Relu', ['p'], 'r'],
      ['Neg', ['r'], 'n'],
      ['Add', ['r', 'n'], 'z'],
      ['Add', ['z', 'n'], 'm'],
      ['Relu', ['m'], 'o'],
      ['Sub', ['o', 'r'], 'y'],
    ]);
    expect(operators((await rewriteChecked(model)).model)).toEqual(
      operators(model).filter((_, i) => i !== 2),
    );
  });

  it('merges reshapes in a row, and drops one to the same shape', async () => {
    const constants = { s: integerConstant([2], [4n, 18n]), t: integerConstant([2], [2n, 36n]) };
    const model = await network(
      [
        ['Flatten', ['x'], 'a', { axis: int(1) }],
        ['Reshape', ['a', 's'], 'b'],
        ['Reshape', ['b', 't'], 'c'],
        ['Reshape', ['c', 't'], 'd'],
        ['Neg', ['d'], 'y'],
      ],
      { constants },
    );
    const { model: rewritten } = await rewriteChecked(model);
    expect(operators(rewritten)).toEqual(['Reshape', 'Neg']);
    expect(rewritten.constants.size).toBe(1);
  });

  it('merges and cancels transpositions', async () => {
    const model = await network([
      ['Transpose', ['x'], 'a', { perm: ints(0, 2, 3, 1) }],
      ['Transpose', ['a'], 'b', { perm: ints(0, 3, 1, 2) }],
      ['Neg', ['b'], 'c'],
      ['Transpose', ['c'], 'd', { perm: ints(1, 0, 3, 2) }],
      ['Transpose', ['d'], 'y', { perm: ints(3, 1, 0, 2) }],
    ]);
    expect(operators((await rewriteChecked(model)).model)).toEqual(['Neg', 'Transpose']);
  });

  const weights = { w: floatConstant([3, 2, 3, 3], randomValues(54, 9)) };

  it('folds zero padding into the convolution', async () => {
    const pads = integerConstant([8], [0n, 0n, 1n, 0n, 0n, 0n, 2n, 1n]);
    const model = await network(
      [
        ['Pad', ['x', 'pads'], 'p'],
        ['Conv', ['p', 'w'], 'y', { pads: ints(0, 1, 0, 0) }],
      ],
      { constants: { ...weights, pads } },
    );
    const { model: rewritten } = await rewriteChecked(model);
    expect(rewritten.nodes.map(({ attributes }) => attributes.get('pads'))).toEqual([ints(1, 1, 2, 1)]);
  });

  it.each<[string, bigint[], number, string]>([
    ['other values than zero', [0n, 0n, 1n, 1n, 0n, 0n, 1n, 1n], 0.5, 'constant'],
    ['the edge’s values', [0n, 0n, 1n, 1n, 0n, 0n, 1n, 1n], 0, 'edge'],
    ['channels', [0n, 1n, 0n, 0n, 0n, 0n, 0n, 0n], 0, 'constant'],
    ['less than nothing', [0n, 0n, -1n, 0n, 0n, 0n, 0n, 0n], 0, 'constant'],
  ])('leaves padding alone that adds %s', async (_name, pads, value, mode) => {
    const channels = 2 + Number(pads[1]);
    const constants = {
      w: floatConstant([3, channels, 3, 3], randomValues(27 * channels, 9)),
      pads: integerConstant([8], pads),
      value: scalar(value),
    };
    const model = await network(
      [
        ['Pad', ['x', 'pads', 'value'], 'p', { mode: { type: 'string', value: mode } }],
        ['Conv', ['p', 'w'], 'y'],
      ],
      { constants },
    );
    expect((await rewriteChecked(model)).applied).toEqual([]);
  });
});
