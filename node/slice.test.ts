import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mixedModel } from '../tests/support/mixed-model.ts';
import { compare } from './model/compare.ts';
import { importModel } from './model/import/index.ts';
import { infer, inferFile } from './model/inference.ts';
import { writeModel } from './model/onnx/index.ts';
import { randomInputs } from './model/random-inputs.ts';
import { unsupportedByEzkl } from './provers/ezkl/operators.ts';
import { sliceModel } from './slice.ts';

const provers = [{ unsupported: unsupportedByEzkl }] as const;

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-slice-'));
  path = join(folder, 'model.onnx');
  await writeModel(mixedModel(), path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sliceModel', () => {
  it.each(['layer', 'parts=5'])(
    'writes slices by %s that, read back and run in sequence, equal the whole',
    async (strategy) => {
      const out = join(folder, strategy);
      const report = await sliceModel({ model: path, strategy, out, provers });
      expect(JSON.parse(await readFile(join(out, 'graph.json'), 'utf8'))).toEqual(report);

      const { model, sha256 } = await importModel(path);
      expect(report).toMatchObject({ model: sha256, strategy, inputs: ['image'], outputs: model.outputs });
      const inputs = randomInputs(model, 9);
      const original = new Map<string, Tensor>(inputs);
      const imported = new Map<string, Tensor>(inputs);
      for (const { file, outputs } of [
        { file: report.constants?.file ?? '', outputs: ['fixed'] },
        ...report.segments,
      ]) {
        const slicePath = join(out, file);
        const written = await inferFile(slicePath, original);
        expect([...written.keys()]).toEqual(outputs);
        for (const [name, tensor] of written) original.set(name, tensor);
        for (const [name, tensor] of await infer((await importModel(slicePath)).model, imported))
          imported.set(name, tensor);
      }
      const whole = await infer(model, inputs);
      for (const values of [original, imported]) {
        const results = new Map([...values].filter(([name]) => model.outputs.includes(name)));
        expect(compare(whole, results).differences).toEqual([]);
      }
    },
  );

  it('tells for each edge its type, and which segments it joins', async () => {
    const { segments, edges } = await sliceModel({
      model: path,
      strategy: 'layer',
      out: join(folder, 'edges'),
      provers,
    });
    expect(segments.map(({ id }) => id)).toEqual(['stem', 'branch', 'dense']);
    const float = (...shape: number[]) => ({ element: 'float32', shape });
    expect(edges).toEqual([
      { tensor: 'image', ...float(1, 1, 6, 6), from: 'input', to: ['stem'] },
      { tensor: 'fixed', ...float(2), from: 'constant', to: ['output'] },
      { tensor: 'trunk', ...float(1, 2, 6, 6), from: 'stem', to: ['branch'] },
      { tensor: 'flat', ...float(1, 72), from: 'branch', to: ['dense'] },
      { tensor: 'scores', ...float(1, 3), from: 'dense', to: ['output'] },
      { tensor: 'best', element: 'int64', shape: [1, 1], from: 'dense', to: ['output'] },
    ]);
  });

  it('says of a tile’s tensor which part of which tensor it is, and how to cut so again', async () => {
    const lenet = fileURLToPath(new URL('../models/lenet.onnx', import.meta.url));
    const strategy = 'segments=0-2,3-5,6-8,9-18 tiles=/0/Conv:3';
    const { edges, ...report } = await sliceModel({
      model: lenet,
      strategy,
      out: join(folder, 'tiles'),
      provers,
    });
    expect(report.strategy).toBe(strategy);
    expect(edges.filter(({ block }) => block !== undefined)).toEqual(
      [0, 2, 4].map((start, tile) => ({
        tensor: `/2/MaxPool_output_0.tile${tile}`,
        element: 'float32',
        shape: [1, 2, 12, 12],
        block: {
          tensor: '/2/MaxPool_output_0',
          box: { start: [0, start, 0, 0], size: [1, 2, 12, 12] },
        },
        from: `0-Conv.tile${tile}`,
        to: ['3-Conv'],
      })),
    );
  });

  it('marks what cannot be proven with its node, the reason and what to do, and goes on', async () => {
    const { segments } = await sliceModel({
      model: path,
      strategy: 'layer',
      out: join(folder, 'unprovable'),
      provers,
    });
    expect(segments.map(({ id, provable }) => [id, provable])).toEqual([
      ['stem', true],
      ['branch', false],
      ['dense', true],
    ]);
    expect(segments[1]?.unsupported).toEqual([
      {
        node: 'normalise',
        operator: 'LRN',
        reason: expect.stringMatching(/./),
        remedy: expect.stringMatching(/./),
      },
    ]);
  });

  it('takes a segment for provable where one of several provers supports all of it', async () => {
    const all = { unsupported: () => undefined };
    const { segments } = await sliceModel({
      model: path,
      strategy: 'layer',
      out: join(folder, 'provable'),
      provers: [...provers, all],
    });
    expect(segments.every(({ provable }) => provable)).toBe(true);
  });

  it('leaves the earlier slicing as it was when it is cancelled', async () => {
    const out = join(folder, 'cancelled');
    const first = await sliceModel({ model: path, strategy: 'layer', out, provers });
    const controller = new AbortController();
    const second = sliceModel({
      model: path,
      strategy: 'parts=5',
      out,
      provers,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'stage' && event.stage === 'slice' && event.done === 1) controller.abort();
      },
    });
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(JSON.parse(await readFile(join(out, 'graph.json'), 'utf8'))).toEqual(first);
    for (const { file } of first.segments)
      expect((await readFile(join(out, file))).length).toBeGreaterThan(0);
  });
});
