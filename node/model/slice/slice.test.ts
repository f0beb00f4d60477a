import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../compare.ts';
import { floatConstant } from '../constant.ts';
import { nodeCost } from '../cost.ts';
import { infer } from '../inference.ts';
import type { Model, ModelNode, TensorType } from '../model.ts';
import { randomInputs } from '../random-inputs.ts';
import { type NetworkRow, networkOf } from '../test-models/small-models.ts';
import { dependencies } from './dependencies.ts';
import { runSliced } from './run-sliced.ts';
import { type Slicing, slice } from './slice.ts';
import { type DirectStrategy, formatStrategy, parseStrategy } from './strategy.ts';

const square: TensorType = { element: 'float32', shape: [2, 2] };

/** A model of 2×2 tensors, one node an entry: [operator, tensors it reads]; it writes `t0`, `t1`, …. */
const network = (rows: readonly NetworkRow[], outputs: readonly string[]) =>
  networkOf(rows, outputs, {
    type: square,
    weights: floatConstant([2, 2], Float32Array.of(0.5, -0.25, 0.125, 0.75)),
  });

/** Random DAGs with branches, joins, several inputs and results, and tensors that are both read and results. */
const networks = fc
  .array(
    fc.record({
      operator: fc.constantFrom('Relu', 'Tanh', 'Add', 'Sub', 'MatMul'),
      sources: fc.tuple(fc.nat(1000), fc.nat(1000)),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((nodes) => {
    const rows = nodes.map(({ operator, sources }, index): [string, string[]] => {
      const known = ['x', 'y', ...Array.from({ length: index }, (_, earlier) => `t${earlier}`)];
      const [first, second] = sources.map((source) => known[source % known.length] as string) as [
        string,
        string,
      ];
      if (operator === 'MatMul') return [operator, [first, 'w']];
      return [operator, operator === 'Relu' || operator === 'Tanh' ? [first] : [first, second]];
    });
    const read = new Set(rows.flatMap(([, inputs]) => inputs));
    return network(
      rows,
      rows.map((_, index) => `t${index}`).filter((name, index) => !read.has(name) || index % 5 === 0),
    );
  });

const costOf = (model: Model) => (node: ModelNode) => nodeCost(model, node);

/** Asserts what every slicing must keep: a partition into connected pieces, in an order that can be run. */
function expectSound(model: Model, { segments, edges }: Slicing): void {
  const links = dependencies(model);
  expect(segments.flatMap(({ nodes }) => nodes).sort((a, b) => a - b)).toEqual(model.nodes.map((_, i) => i));
  expect(new Set(segments.map(({ id }) => id)).size).toBe(segments.length);
  const available = new Set(model.inputs);
  for (const { nodes, inputs, outputs } of segments) {
    for (const input of inputs) expect(available).toContain(input);
    for (const output of outputs) available.add(output);
    const own = new Set(nodes);
    const reached = new Set(nodes.slice(0, 1));
    for (const node of reached) {
      for (const next of [...(links.before[node] ?? []), ...(links.after[node] ?? [])]) {
        if (own.has(next)) reached.add(next);
      }
    }
    expect(reached.size).toBe(own.size);
  }
  for (const output of model.outputs) expect(available).toContain(output);
  for (const { tensor, from, to } of edges) {
    if (typeof from === 'number') expect(segments[from]?.outputs).toContain(tensor);
    for (const reader of to) {
      expect(reader === 'output' ? model.outputs : segments[reader]?.inputs).toContain(tensor);
    }
  }
}

async function expectEqualWhole(model: Model, strategy: DirectStrategy): Promise<Slicing> {
  const slicing = slice(model, strategy, costOf(model));
  expectSound(model, slicing);
  const inputs = randomInputs(model, 7);
  const sliced = await runSliced(model, slicing, inputs);
  expect(compare(await infer(model, inputs), sliced).differences).toEqual([]);
  return slicing;
}

describe('slice', () => {
  it('keeps what a random DAG computes, by every strategy', async () => {
    await fc.assert(
      fc.asyncProperty(networks, fc.nat(), async (model, choice) => {
        const whole = slice(model, { kind: 'cuts', tensors: [] }, () => 1).segments.length;
        const count = whole + (choice % (model.nodes.length - whole + 1));
        await expectEqualWhole(model, { kind: 'layer' });
        expect((await expectEqualWhole(model, { kind: 'parts', count })).segments).toHaveLength(count);
        const tensors = [...model.types.keys()].filter((_, index) => (choice >> (index % 30)) & 1);
        const { segments } = await expectEqualWhole(model, { kind: 'cuts', tensors });
        const links = dependencies(model);
        for (const tensor of tensors) {
          const home = segments.findIndex(({ nodes }) => nodes.includes(links.writer.get(tensor) ?? -1));
          for (const reader of links.readers.get(tensor) ?? []) {
            if (home >= 0) expect(segments[home]?.nodes).not.toContain(reader);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives each layer a segment, and what follows it', () => {
    const model = network(
      [
        ['Tanh', ['x']],
        ['MatMul', ['t0', 'w']],
        ['Relu', ['t1']],
        ['MatMul', ['t2', 'w']],
        ['Add', ['t3', 't2']],
      ],
      ['t4'],
    );
    const { segments } = slice(model, { kind: 'layer' }, () => 1);
    expect(segments.map(({ nodes }) => nodes)).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(segments.map(({ id, inputs, outputs }) => [id, inputs, outputs])).toEqual([
      ['n1', ['x'], ['t2']],
      ['n3', ['t2'], ['t4']],
    ]);
  });

  it('balances the costs of a chain as well as can be', () => {
    const costs = [5, 1, 1, 1, 4, 4];
    const model = network(
      costs.map((_, i) => ['Relu', [i === 0 ? 'x' : `t${i - 1}`]] as const),
      ['t5'],
    );
    const { segments } = slice(
      model,
      { kind: 'parts', count: 3 },
      (node) => costs[model.nodes.indexOf(node)] ?? 0,
    );
    const sums = segments.map(({ nodes }) => nodes.reduce((sum, node) => sum + (costs[node] ?? 0), 0));
    expect(Math.max(...sums)).toBe(6);
  });

  it('cuts the way around a named tensor too', () => {
    const model = network(
      [
        ['Relu', ['x']],
        ['Tanh', ['t0']],
        ['Add', ['t0', 't1']],
      ],
      ['t2'],
    );
    const { segments } = slice(model, { kind: 'cuts', tensors: ['t1'] }, () => 1);
    expect(segments.map(({ nodes }) => nodes)).toEqual([[0, 1], [2]]);
    expect(segments[1]?.inputs).toEqual(['t0', 't1']);
  });

  it('cuts a chain of 5,000 nodes at every tensor, and into as many parts', () => {
    const length = 5000;
    const model = network(
      Array.from({ length }, (_, i) => ['Relu', [i === 0 ? 'x' : `t${i - 1}`]] as const),
      [`t${length - 1}`],
    );
    const tensors = model.nodes.flatMap(({ outputs }) => outputs);
    for (const strategy of [
      { kind: 'cuts', tensors },
      { kind: 'parts', count: length },
    ] as const) {
      const { segments } = slice(model, strategy, () => 1);
      expect(segments.map(({ nodes }) => nodes)).toEqual(tensors.map((_, i) => [i]));
    }
  });

  it('says how many parts are possible', () => {
    const model = network(
      [
        ['Relu', ['x']],
        ['Relu', ['y']],
        ['Tanh', ['t1']],
      ],
      ['t0', 't2'],
    );
    for (const count of [1, 4]) {
      expect(() => slice(model, { kind: 'parts', count }, () => 1)).toThrowError(
        expect.objectContaining({ code: 'USAGE', details: { count, least: 2, most: 3 } }),
      );
    }
  });

  it.each(['t9', 'w'])('refuses a cut at %s, and names tensors that are near', (tensor) => {
    const model = network([['Relu', ['x']]], ['t0']);
    expect(() => slice(model, { kind: 'cuts', tensors: [tensor] }, () => 1)).toThrowError(
      expect.objectContaining({ code: 'TENSOR_UNKNOWN', remedy: expect.stringContaining('t0') }),
    );
  });

  it('calls no segment by a word that names another end of an edge, nor two alike but for case', () => {
    const names = ['Input', 'output', 'constant', 'a/b', 'A b'];
    const plain = network(
      names.map((_, i) => ['Relu', [i === 0 ? 'x' : `t${i - 1}`]]),
      ['t4'],
    );
    const model = { ...plain, nodes: plain.nodes.map((node, i) => ({ ...node, name: names[i] ?? '' })) };
    const { segments } = slice(model, { kind: 'parts', count: 5 }, () => 1);
    expect(segments.map(({ id }) => id)).toEqual(['Input-2', 'output-2', 'constant-2', 'a-b', 'A-b-2']);
  });

  it('refuses nodes that are out of order', () => {
    const model = network(
      [
        ['Relu', ['t1']],
        ['Relu', ['x']],
      ],
      ['t0'],
    );
    expect(() => slice(model, { kind: 'layer' }, () => 1)).toThrowError(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
  });
});

describe('runSliced', () => {
  it('gives every output of the model: one that is an input, and one that is a constant, too', async () => {
    const model = network([['Relu', ['x']]], ['w', 't0', 'x']);
    const inputs = randomInputs(model, 3);
    const outputs = await runSliced(
      model,
      slice(model, { kind: 'layer' }, () => 1),
      inputs,
    );
    expect([...outputs.keys()]).toEqual(['w', 't0', 'x']);
    expect(outputs.get('w')?.data).toEqual(Float32Array.of(0.5, -0.25, 0.125, 0.75));
    expect(outputs.get('x')).toBe(inputs.get('x'));
  });

  it('gives nothing else', async () => {
    const model = network(
      [
        ['MatMul', ['x', 'w']],
        ['MatMul', ['t0', 'w']],
      ],
      ['t1'],
    );
    const slicing = slice(model, { kind: 'layer' }, () => 1);
    expect([...(await runSliced(model, slicing, randomInputs(model, 3))).keys()]).toEqual(['t1']);
  });

  it('names the input that is missing', async () => {
    const model = network([['Add', ['x', 'y']]], ['t0']);
    const inputs = new Map([...randomInputs(model, 3)].filter(([name]) => name === 'x'));
    await expect(
      runSliced(
        model,
        slice(model, { kind: 'layer' }, () => 1),
        inputs,
      ),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('input y') });
  });

  it('stops when it is told to', async () => {
    const model = network(
      [
        ['MatMul', ['x', 'w']],
        ['MatMul', ['t0', 'w']],
      ],
      ['t1'],
    );
    const controller = new AbortController();
    const started: string[] = [];
    const running = runSliced(
      model,
      slice(model, { kind: 'layer' }, () => 1),
      randomInputs(model, 3),
      {
        signal: controller.signal,
        onProgress: (event) => {
          if (event.type !== 'stage' || event.detail === undefined) return;
          started.push(event.detail);
          controller.abort();
        },
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    expect(started).toEqual(['n0']);
  });
});

describe('parseStrategy', () => {
  it.each(['layer', 'parts=1', 'parts=65536', 'cuts=a', 'cuts=/0/Conv_output_0,b'])('reads %s', (text) => {
    expect(formatStrategy(parseStrategy(text))).toBe(text);
  });

  it.each([
    '',
    'Layer',
    'parts',
    'parts=',
    'parts=0',
    'parts=-1',
    'parts=1.5',
    'parts=65537',
    'cuts=',
    'cuts=a,,b',
    'cuts=a,a',
  ])('refuses %j', (text) => {
    expect(() => parseStrategy(text)).toThrowError(expect.objectContaining({ code: 'USAGE' }));
  });
});
