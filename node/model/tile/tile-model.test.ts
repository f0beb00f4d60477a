import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import type { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { partitions } from '../../../protocol/blocks.ts';
import { int, ints } from '../attribute-values.ts';
import { compare } from '../compare.ts';
import { floatConstant } from '../constant.ts';
import { importModel } from '../import/index.ts';
import { normalise } from '../import/normalise.ts';
import { infer } from '../inference.ts';
import type { Attribute, Constant, Model } from '../model.ts';
import { randomInputs } from '../random-inputs.ts';
import { dependencies, runSliced, slice } from '../slice/index.ts';
import { importRandomised } from '../test-models/expect-slices-equal.ts';
import { lightModel } from '../test-models/light-models.ts';
import { randomValues } from '../test-models/random-values.ts';
import { draftOf, nodeOf } from '../test-models/small-models.ts';
import {
  blocksByTensor,
  joinOutputs,
  type TiledModel,
  type Tiling,
  tileModel,
  tilingChoices,
  withBlocks,
  withJoined,
} from './index.ts';

const weights = (...shape: number[]): Constant =>
  floatConstant(
    shape,
    randomValues(
      shape.reduce((a, b) => a * b, 1),
      shape.length,
    ),
  );

type Row = [operator: string, inputs: string[], output: string, attributes?: Record<string, Attribute>];

/** An imported model that reads an image `x`; its nodes are called after what they write. */
async function network(
  shape: number[],
  rows: readonly Row[],
  constants: Record<string, Constant>,
  { outputs = ['y'], opset = 13 } = {},
): Promise<Model> {
  const draft = draftOf(
    rows.map((row) => nodeOf(...row)),
    {
      opsets: new Map([['', opset]]),
      outputs,
      constants: new Map(Object.entries(constants)),
      types: new Map([['x', { element: 'float32', shape }]]),
    },
  );
  return normalise(draft);
}

/** Every tile and everything else as segments: the tiles, then each other node with what joins its blocks. */
function segmentsOf({ model, tiles, joints }: TiledModel): number[][] {
  const grouped = new Set([...tiles, ...joints].flat());
  const singles = model.nodes.flatMap((_, index) => (grouped.has(index) ? [] : [[index]]));
  return [...tiles, ...joints, ...singles].map((nodes) => [...nodes]);
}

/** Whether a tensor has more than one value, so that its parts can be told apart. */
const varies = ({ data }: Tensor): boolean => new Set(data as Float32Array).size > 1;

/** Tiles, and asserts that whole and sliced inference stay the same, and that the blocks partition what they are of. */
async function tileChecked(model: Model, tilings: readonly Tiling[]): Promise<TiledModel> {
  const tiled = tileModel(model, tilings);
  const inputs = randomInputs(model, 7);
  const whole = await infer(model, inputs);
  expect([...whole.values()].some(varies)).toBe(true);
  const strategy = { kind: 'segments', segments: segmentsOf(tiled), tiles: [] } as const;
  for (const results of [
    await infer(tiled.model, inputs),
    await runSliced(
      tiled.model,
      slice(tiled.model, strategy, () => 0),
      inputs,
    ),
  ]) {
    const joined = joinOutputs(model.outputs, results, tiled.blocks);
    expect([...joined.keys()]).toEqual(model.outputs);
    expect(compare(whole, joined).differences).toEqual([]);
  }
  for (const [tensor, parts] of blocksByTensor(tiled.blocks)) {
    const boxes = parts.map(({ box }) => box);
    expect(partitions(boxes, model.types.get(tensor)?.shape ?? [])).toBe(true);
    for (const { name, box } of parts) expect(tiled.model.types.get(name)?.shape).toEqual(box.size);
  }
  const named = tiled.model.nodes.map(({ name }) => name);
  expect(new Set(named).size).toBe(named.length);
  dependencies(tiled.model);
  return tiled;
}

const own = async (name: string) =>
  (await importModel(fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url)))).model;

const layersOf = (model: Model) =>
  model.nodes.filter(({ operator }) => ['Conv', 'Gemm', 'MatMul'].includes(operator)).map(({ name }) => name);

/** The greatest number of parts of a layer's channels that is at most `parts`. */
function atMost(model: Model, layer: string, parts: number): number {
  return tilingChoices(model, layer)?.channels.findLast((count) => count <= parts) ?? 0;
}

describe('tileModel on real models', () => {
  it.each(['lenet', 'cnn-small', 'mlp'])(
    'keeps what %s computes, with every layer in tiles',
    async (name) => {
      const model = await own(name);
      for (const parts of [2, 3]) {
        const tilings = layersOf(model).map((layer) => ({ layer, channels: parts }));
        const { tiles } = await tileChecked(model, tilings);
        expect(tiles).toHaveLength(parts * tilings.length);
      }
    },
  );

  it.each(['lenet', 'cnn-small'])(
    'keeps what %s computes, with its convolutions in bands too',
    async (name) => {
      const model = await own(name);
      const tilings = layersOf(model)
        .filter((layer) => (tilingChoices(model, layer)?.bands ?? 1) > 1)
        .map((layer) => ({ layer, channels: 2, bands: 3 }));
      expect(tilings).toHaveLength(2);
      await tileChecked(model, tilings);
    },
  );

  it.each(['light_squeezenet', 'light_shufflenet'] as const)(
    'keeps what %s computes, with every layer in tiles',
    async (name) => {
      const model = await importRandomised(lightModel(name));
      const tilings = layersOf(model).map((layer) => ({ layer, channels: atMost(model, layer, 4) }));
      expect(tilings.every(({ channels }) => channels >= 2)).toBe(true);
      await tileChecked(model, tilings);
    },
  );
});

const convolution = (kernel: number, pad: number, stride = 1): Record<string, Attribute> => ({
  kernel_shape: ints(kernel, kernel),
  pads: ints(pad, pad, pad, pad),
  strides: ints(stride, stride),
});

describe('tileModel', () => {
  it('divides a convolution of 16 to 16 channels, and gives each tile its weights only', async () => {
    const model = await network(
      [1, 16, 16, 16],
      [
        ['Conv', ['x', 'w', 'b'], 'c', convolution(3, 1)],
        ['Relu', ['c'], 'y'],
      ],
      { w: weights(16, 16, 3, 3), b: weights(16) },
    );
    const tiled = await tileChecked(model, [{ layer: 'c', channels: 4 }]);
    expect(tiled.model.outputs).toEqual(['y.tile0', 'y.tile1', 'y.tile2', 'y.tile3']);
    expect(tiled.tiles.map((nodes) => nodes.map((node) => tiled.model.nodes[node]?.operator))).toEqual(
      Array.from({ length: 4 }, () => ['Conv', 'Relu']),
    );
    expect([...tiled.model.constants.values()].map(({ type }) => type.shape)).toEqual(
      Array.from({ length: 4 }, () => [[4, 16, 3, 3], [4]]).flat(),
    );
  });

  it('takes along what follows channel by channel, constants included, and nothing else', async () => {
    const model = await network(
      [1, 2, 8, 8],
      [
        ['Conv', ['x', 'w'], 'c', convolution(3, 1)],
        ['PRelu', ['c', 'slope'], 'p'],
        ['AveragePool', ['p'], 'a', { kernel_shape: ints(2, 2), strides: ints(2, 2) }],
        ['Sub', ['offset', 'a'], 's'],
        ['GlobalMaxPool', ['s'], 'g'],
        ['Softmax', ['g'], 'y', { axis: int(1) }],
      ],
      { w: weights(5, 2, 3, 3), slope: weights(5, 1, 1), offset: weights(1, 5, 4, 4) },
    );
    const { model: tiled, tiles } = await tileChecked(model, [{ layer: 'c', channels: 2 }]);
    expect(tiles[1]?.map((node) => tiled.nodes[node]?.operator)).toEqual([
      'Conv',
      'PRelu',
      'AveragePool',
      'Sub',
      'GlobalMaxPool',
    ]);
    await tileChecked(model, [{ layer: 'c', channels: 2, bands: 2 }]);
  });

  it('lets each of several readers join the blocks for itself', async () => {
    const model = await network(
      [1, 2, 6, 6],
      [
        ['Conv', ['x', 'w'], 'c', convolution(3, 1)],
        ['Conv', ['c', 'v'], 'd', convolution(3, 1)],
        ['Add', ['c', 'd'], 'y'],
      ],
      { w: weights(4, 2, 3, 3), v: weights(4, 4, 3, 3) },
      { outputs: ['y', 'c'] },
    );
    const tiled = await tileChecked(model, [
      { layer: 'c', channels: 2 },
      { layer: 'd', channels: 3 },
    ]);
    expect(tiled.model.outputs).toEqual(['y', 'c.tile0', 'c.tile1']);
    expect(tiled.model.nodes.filter(({ operator }) => operator === 'Concat')).toHaveLength(3 + 2);
  });

  it.each([
    ['in whole groups', 2],
    ['within groups', 8],
  ])('divides a convolution in groups %s, and reads only their channels', async (_name, channels) => {
    const model = await network(
      [1, 8, 5, 5],
      [['Conv', ['x', 'w'], 'y', { ...convolution(3, 1), group: int(4) }]],
      { w: weights(8, 2, 3, 3) },
    );
    expect(tilingChoices(model, 'y')?.channels).toEqual([1, 2, 3, 4, 8]);
    const { model: tiled } = await tileChecked(model, [{ layer: 'y', channels }]);
    const [read] = tiled.nodes;
    expect(read?.operator).toBe('Slice');
    expect(tiled.types.get(read?.outputs[0] ?? '')?.shape).toEqual([1, channels === 2 ? 4 : 2, 5, 5]);
  });

  it('slices by attributes where the opset has no inputs for it', async () => {
    const model = await network(
      [1, 4, 5, 5],
      [['Conv', ['x', 'w'], 'y', { ...convolution(3, 1), group: int(2) }]],
      { w: weights(4, 2, 3, 3) },
      { opset: 9 },
    );
    await tileChecked(model, [{ layer: 'y', channels: 2 }]);
  });

  it.each([
    ['Gemm', 1, {}],
    ['Gemm', 0, { bias: weights(1, 6) }],
    ['Gemm', 0, { bias: weights(2, 1) }],
  ])('divides the columns of a %s, transB=%i', async (operator, transB, { bias }: { bias?: Constant }) => {
    const constants = { w: transB === 1 ? weights(6, 3) : weights(3, 6), ...(bias ? { bias } : {}) };
    const model = await network(
      [2, 3],
      [[operator, ['x', 'w', ...(bias ? ['bias'] : [])], 'y', { transB: int(transB) }]],
      constants,
    );
    await tileChecked(model, [{ layer: 'y', channels: 4 }]);
  });

  it('divides the columns of a MatMul of higher rank, and what is added to them', async () => {
    const model = await network(
      [2, 3, 4],
      [
        ['MatMul', ['x', 'w'], 'm'],
        ['Add', ['m', 'b'], 'a'],
        ['Tanh', ['a'], 'y'],
      ],
      { w: weights(4, 5), b: weights(5) },
    );
    expect((await tileChecked(model, [{ layer: 'm', channels: 5 }])).tiles).toHaveLength(5);
  });

  it('keeps what random chains of windows compute, by channels and bands', async () => {
    const step = fc.record({
      operator: fc.constantFrom('Conv', 'MaxPool', 'AveragePool'),
      kernel: fc.integer({ min: 1, max: 3 }),
      pad: fc.integer({ min: 0, max: 2 }),
      stride: fc.integer({ min: 1, max: 2 }),
      dilation: fc.integer({ min: 1, max: 2 }),
      group: fc.constantFrom(1, 2, 4),
      activation: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, parts, bands) => {
          const rows: Row[] = [['Conv', ['x', 'first'], 'first.out', convolution(3, 1)]];
          const constants: Record<string, Constant> = { first: weights(4, 2, 3, 3) };
          let height = 17;
          for (const [index, { operator, kernel, stride, dilation, group, ...rest }] of steps.entries()) {
            const pad = operator === 'Conv' ? rest.pad : Math.min(rest.pad, kernel - 1);
            const extent = (kernel - 1) * (operator === 'Conv' ? dilation : 1) + 1;
            if (extent > height + 2 * pad) continue;
            height = Math.floor((height + 2 * pad - extent) / stride) + 1;
            const before = rows.at(-1)?.[2] ?? 'x';
            const attributes = {
              ...convolution(kernel, pad, stride),
              ...(operator === 'Conv'
                ? { dilations: ints(dilation, dilation), group: int(group) }
                : operator === 'AveragePool'
                  ? { count_include_pad: int(index % 2) }
                  : {}),
            };
            if (operator === 'Conv') constants[`w${index}`] = weights(4, 4 / group, kernel, kernel);
            const inputs = operator === 'Conv' ? [before, `w${index}`] : [before];
            rows.push([operator, inputs, `t${index}`, attributes]);
            // Leaky, so that no image comes out all zero.
            if (rest.activation) rows.push(['LeakyRelu', [`t${index}`], `r${index}`]);
          }
          const last = rows.at(-1)?.[2] ?? 'x';
          const model = await network([1, 2, 17, 17], rows, constants, { outputs: [last] });
          // A chain may end in one place that only padding is seen from.
          fc.pre([...(await infer(model, randomInputs(model, 7))).values()].some(varies));
          const tilings = layersOf(model).flatMap((layer): Tiling[] => {
            const choices = tilingChoices(model, layer);
            if (choices === undefined) return [];
            const channels = atMost(model, layer, parts);
            const rows = Math.min(bands, choices.bands);
            return [{ layer, channels, ...(rows > 1 ? { bands: rows } : {}) }];
          });
          await tileChecked(model, tilings);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('repeats in each tile what only rearranges its input', async () => {
    const model = await network(
      [1, 2, 6, 6],
      [
        ['Conv', ['x', 'w'], 'c', convolution(3, 1)],
        ['Flatten', ['c'], 'f', { axis: int(1) }],
        ['Gemm', ['f', 'v'], 'y'],
      ],
      { w: weights(2, 2, 3, 3), v: weights(72, 5) },
    );
    const { model: tiled, tiles } = await tileChecked(model, [
      { layer: 'c', channels: 2 },
      { layer: 'y', channels: 2 },
    ]);
    expect(tiles.flat()).toHaveLength(tiled.nodes.length);
    expect(tiles[3]?.map((node) => tiled.nodes[node]?.operator)).toEqual(['Concat', 'Flatten', 'Gemm']);
  });

  it('has every block read, even rows that no window looks at', async () => {
    const model = await network(
      [1, 2, 9, 9],
      [
        ['Conv', ['x', 'w'], 'c', convolution(3, 1)],
        ['Conv', ['c', 'v'], 'y', convolution(1, 0, 4)],
      ],
      { w: weights(2, 2, 3, 3), v: weights(2, 2, 1, 1) },
    );
    const { model: tiled, blocks } = await tileChecked(model, [
      { layer: 'c', channels: 1, bands: 9 },
      { layer: 'y', channels: 1, bands: 3 },
    ]);
    const read = new Set(tiled.nodes.flatMap(({ inputs }) => inputs));
    const unread = [...blocks].filter(([name, { tensor }]) => tensor === 'c' && !read.has(name));
    expect(unread).toEqual([]);
  });

  it.each<[string, Tiling]>([
    ['no node', { layer: 'z', channels: 2 }],
    ['no layer', { layer: 'y', channels: 2 }],
    ['more parts than channels', { layer: 'c', channels: 5 }],
    ['no part', { layer: 'c', channels: 0 }],
    ['more bands than rows', { layer: 'c', channels: 1, bands: 7 }],
  ])('refuses to divide %s', async (_name, tiling) => {
    const model = await network(
      [1, 2, 6, 6],
      [
        ['Conv', ['x', 'w'], 'c', convolution(3, 1)],
        ['Relu', ['c'], 'y'],
      ],
      { w: weights(4, 2, 3, 3) },
    );
    expect(() => tileModel(model, [tiling])).toThrowError(
      expect.objectContaining({ code: 'USAGE', details: expect.objectContaining({ layer: tiling.layer }) }),
    );
  });
});

describe('blocks', () => {
  it('are taken out of a tensor and joined to it again', async () => {
    const model = await network([1, 2, 6, 6], [['Conv', ['x', 'w'], 'y', convolution(3, 1)]], {
      w: weights(4, 2, 3, 3),
    });
    const { blocks } = tileModel(model, [{ layer: 'y', channels: 3, bands: 2 }]);
    const whole = Array.from({ length: 4 * 36 }, (_, i) => i);
    const parts = withBlocks(new Map([['y', whole]]), blocks);
    expect(parts.get('y.tile1')).toEqual(whole.slice(18, 36).concat(whole.slice(54, 72)));
    parts.delete('y');
    expect(withJoined(parts, blocks).get('y')).toEqual(whole);
    parts.delete('y.tile0');
    expect(withJoined(parts, blocks).has('y')).toBe(false);
  });
});
