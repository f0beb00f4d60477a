import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import { compare } from '../model/compare.ts';
import { floatConstant } from '../model/constant.ts';
import { nodeCost } from '../model/cost.ts';
import { importModel } from '../model/import/index.ts';
import { infer } from '../model/inference.ts';
import type { Model, ModelNode } from '../model/model.ts';
import { randomInputs } from '../model/random-inputs.ts';
import { formatStrategy, type Limits, parseDirectStrategy, runSliced } from '../model/slice/index.ts';
import { importRandomised } from '../model/test-models/expect-slices-equal.ts';
import { lightModel } from '../model/test-models/light-models.ts';
import { type NetworkRow, networkOf } from '../model/test-models/small-models.ts';
import { joinOutputs, sliceTiled } from '../model/tile/index.ts';
import { type Estimator, type PlannedSlicing, type SegmentEstimate, sliceToLimits } from './auto-slice.ts';

/** A segment takes a second for itself, a microsecond and 1,000 bytes for each row, and 50 MB. */
const estimate: Estimator = (model, { nodes }) => {
  const constraints = nodes.reduce((sum, node) => sum + nodeCost(model, model.nodes[node] as ModelNode), 0);
  return estimateOf('any', constraints);
};

function estimateOf(prover: string, constraints: number, seconds = 1 + constraints * 1e-6): SegmentEstimate {
  return { prover, constraints, memory: 50e6 + 1000 * constraints, seconds };
}

const lenet = (await importModel(fileURLToPath(new URL('../../models/lenet.onnx', import.meta.url)))).model;

/** Asserts that a planned slicing computes what the model does, obeys the limits, and can be made again. */
async function expectSound(model: Model, limits: Limits, planned: PlannedSlicing): Promise<void> {
  for (const segment of planned.slicing.segments) {
    const expected = estimate(planned.model, segment);
    expect(expected?.constraints).toBeLessThanOrEqual(limits.rows ?? Number.POSITIVE_INFINITY);
    expect(expected?.memory).toBeLessThanOrEqual(limits.memory ?? Number.POSITIVE_INFINITY);
  }
  const inputs = randomInputs(model, 7);
  const results = await runSliced(planned.model, planned.slicing, inputs);
  const joined = joinOutputs(model.outputs, results, planned.blocks);
  expect(compare(await infer(model, inputs), joined).differences).toEqual([]);
  const again = parseDirectStrategy(formatStrategy(planned.strategy));
  expect(again).toEqual(planned.strategy);
  const { strategy: _, ...made } = planned;
  expect(sliceTiled(model, again, () => 0)).toEqual(made);
}

const layers = ({ slicing }: PlannedSlicing) => slicing.segments.map(({ id }) => id);

describe('sliceToLimits', () => {
  it.each<[string, Limits, number]>([
    ['no limit', {}, 1],
    ['every layer below it', { rows: 400_000 }, 2],
    ['the first layer above it', { rows: 200_000 }, 5],
    ['less memory than a layer', { memory: 150e6 }, 10],
    ['both limits', { memory: 450e6, rows: 100_000 }, 10],
    ['bands of rows', { rows: 20_000 }, 0],
  ])('cuts LeNet with %s', async (_name, limits, count) => {
    const planned = sliceToLimits(lenet, limits, estimate);
    await expectSound(lenet, limits, planned);
    if (count > 0) expect(planned.slicing.segments).toHaveLength(count);
    expect(sliceToLimits(lenet, limits, estimate)).toEqual(planned);
  });

  it('divides a layer into no more tiles than it must', () => {
    const planned = sliceToLimits(lenet, { rows: 200_000 }, estimate);
    expect(planned.strategy).toMatchObject({
      tiles: [
        { layer: '/0/Conv', channels: 2 },
        { layer: '/3/Conv', channels: 2 },
      ],
    });
    expect(layers(planned)).toEqual([
      '0-Conv.tile0',
      '0-Conv.tile1',
      '3-Conv.tile0',
      '3-Conv.tile1',
      '7-Gemm',
    ]);
  });

  it.each(['light_squeezenet', 'light_shufflenet'] as const)(
    'cuts %s, with the largest of its layers in tiles',
    async (name) => {
      const model = await importRandomised(lightModel(name));
      const largest = Math.max(...model.nodes.map((node) => nodeCost(model, node)));
      let count = 0;
      const counting: Estimator = (...args) => {
        count++;
        return estimate(...args);
      };
      const limits = { rows: Math.ceil(largest / 2) };
      const planned = sliceToLimits(model, limits, counting);
      await expectSound(model, limits, planned);
      expect(planned.blocks.size).toBeGreaterThan(1);
      expect(count).toBeLessThan(12 * model.nodes.length);
    },
  );

  it('names the limit, the layer and the nearest limit, which then can be met', async () => {
    let refused: unknown;
    try {
      sliceToLimits(lenet, { memory: 60e6 }, estimate);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(TesseraError);
    const { code, message, remedy } = refused as TesseraError;
    expect(code).toBe('USAGE');
    expect(message).toMatch(/\/3\/Conv.*57\.22 MiB of memory/);
    const [nearest = ''] = /memory=\d+MiB/.exec(remedy ?? '') ?? [];
    const megabytes = Number(nearest.slice('memory='.length, -'MiB'.length));
    const limits = { memory: megabytes * 2 ** 20 };
    await expectSound(lenet, limits, sliceToLimits(lenet, limits, estimate));
  });

  it('does not merge what one prover does fast with what another one must do', () => {
    const model = chain(['MatMul', 'Relu', 'Softmax', 'MatMul']);
    const choosy: Estimator = (whole, { nodes }) => {
      const softmax = nodes.some((node) => whole.nodes[node]?.operator === 'Softmax');
      return softmax ? estimateOf('slow', 10, 10 * nodes.length) : estimateOf('fast', 10, 1);
    };
    const { slicing } = sliceToLimits(model, {}, choosy);
    expect(slicing.segments.map(({ nodes }) => nodes)).toEqual([[0, 1], [2], [3]]);
  });

  it('takes a layer apart where no prover supports all of it', () => {
    const model = chain(['MatMul', 'Relu', 'Tanh']);
    const choosy: Estimator = (whole, { nodes }) => {
      const own = nodes.map((node) => whole.nodes[node]?.operator);
      return own.includes('MatMul') && own.includes('Tanh') ? undefined : estimateOf('either', 10);
    };
    const { slicing } = sliceToLimits(model, {}, choosy);
    expect(slicing.segments.map(({ nodes }) => nodes)).toEqual([[0, 1], [2]]);
  });

  it('names a node that no prover supports', () => {
    const model = chain(['MatMul', 'Tanh']);
    const none: Estimator = (whole, { nodes }) =>
      nodes.some((node) => whole.nodes[node]?.operator === 'Tanh') ? undefined : estimateOf('any', 1);
    expect(() => sliceToLimits(model, {}, none)).toThrowError(
      expect.objectContaining({ code: 'UNPROVABLE', message: expect.stringContaining('n1 (Tanh)') }),
    );
  });

  it('stops when it is told to', () => {
    const controller = new AbortController();
    const stopping: Estimator = (...args) => {
      controller.abort();
      return estimate(...args);
    };
    expect(() => sliceToLimits(lenet, {}, stopping, { signal: controller.signal })).toThrowError(
      expect.objectContaining({ code: 'ABORTED' }),
    );
  });

  it('cuts random graphs soundly, whatever the limit and the estimates', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.integer({ min: 150, max: 1500 }), fc.nat(7), async (model, rows, seed) => {
        const uneven: Estimator = (whole, segment) => {
          const known = estimate(whole, segment);
          const noise = segment.nodes.reduce((sum, node) => (sum * 31 + node) % 97, seed) / 40;
          return known && { ...known, seconds: noise };
        };
        let planned: PlannedSlicing;
        try {
          planned = sliceToLimits(model, { rows }, uneven);
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining(`${rows} rows`) });
          return;
        }
        await expectSound(model, { rows }, planned);
      }),
      { numRuns: 60 },
    );
  });
});

const square = { element: 'float32', shape: [2, 4] } as const;

/** Nodes of 2×4 tensors; `MatMul` is a layer of constant weights. */
function network(rows: readonly NetworkRow[], outputs: readonly string[]): Model {
  const weights = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1));
  return networkOf(
    rows.map(([operator, inputs]) => [operator, operator === 'MatMul' ? [...inputs, 'w'] : inputs]),
    outputs,
    { type: square, weights: floatConstant([4, 4], weights) },
  );
}

function chain(operators: readonly string[]): Model {
  const rows = operators.map((operator, index) => [operator, [index === 0 ? 'x' : `t${index - 1}`]] as const);
  return network(rows, [`t${operators.length - 1}`]);
}

/** Random DAGs with branches, joins, several results, and tensors that are both read and results. */
const graphs = fc
  .array(
    fc.record({
      operator: fc.constantFrom('Relu', 'Tanh', 'Add', 'Sub', 'MatMul'),
      sources: fc.tuple(fc.nat(1000), fc.nat(1000)),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .map((nodes) => {
    const rows = nodes.map(({ operator, sources }, index): [string, string[]] => {
      const known = ['x', 'y', ...Array.from({ length: index }, (_, earlier) => `t${earlier}`)];
      const [first, second] = sources.map((source) => known[source % known.length] ?? 'x');
      const isUnary = operator !== 'Add' && operator !== 'Sub';
      return [operator, [first ?? 'x', ...(isUnary ? [] : [second ?? 'x'])]];
    });
    const read = new Set(rows.flatMap(([, inputs]) => inputs));
    const results = rows.map((_, index) => `t${index}`);
    return network(
      rows,
      results.filter((name, index) => !read.has(name) || index % 5 === 0),
    );
  });
