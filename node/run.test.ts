import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mixedModel } from '../tests/support/mixed-model.ts';
import { compare } from './model/compare.ts';
import { importModel } from './model/import/index.ts';
import { inferFile } from './model/inference.ts';
import { writeModel } from './model/onnx/index.ts';
import { randomInputs } from './model/random-inputs.ts';
import { doublesOf } from './model/tensor-data.ts';
import { runModel } from './run.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-run-'));
  path = join(folder, 'model.onnx');
  await writeModel(mixedModel(), path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('runModel', () => {
  it.each(['layer', 'parts=4', 'cuts=trunk,joined'])(
    'compares file, import and slices by %s',
    async (strategy) => {
      const report = await runModel({ model: path, inputs: { seed: 4 }, strategy });
      expect(report).toMatchObject({ equal: true, segments: { layer: 3, 'parts=4': 4 }[strategy] ?? 3 });
      expect(report.imported.differences).toEqual([]);
      expect(report.sliced.differences).toEqual([]);
      expect(report.tolerance).toBeGreaterThan(0);
      expect(report.maxAbsError).toBe(Math.max(report.imported.maxAbsError, report.sliced.maxAbsError));
      expect(report.maxAbsError).toBeLessThanOrEqual(report.tolerance);
      expect(report.maxRelError).toBeGreaterThanOrEqual(0);
      expect([...report.outputs.keys()]).toEqual(['scores', 'best', 'fixed']);
      const { model } = await importModel(path);
      expect(compare(await inferFile(path, randomInputs(model, 4)), report.outputs).equal).toBe(true);
    },
  );

  it.each([
    ['auto', 1],
    ['rows=20000', 4],
    ['segments=0-2,3-5,6-15 tiles=/0/Conv:2', 3],
  ])('rewrites and cuts LeNet by %s without a change of what it computes', async (strategy, least) => {
    const lenet = fileURLToPath(new URL('../models/lenet.onnx', import.meta.url));
    const report = await runModel({ model: lenet, inputs: { seed: 4 }, strategy });
    expect(report).toMatchObject({ equal: true, sliced: { differences: [] } });
    expect(report.segments).toBeGreaterThanOrEqual(least);
    expect([...report.outputs.keys()]).toEqual(['logits']);
  });

  it('takes inputs from a file', async () => {
    const { model } = await importModel(path);
    const inputs = [...randomInputs(model, 5)].map(([name, tensor]) => [name, [...doublesOf(tensor)]]);
    const file = join(folder, 'input.json');
    await writeFile(file, JSON.stringify(Object.fromEntries(inputs)));
    const fromFile = await runModel({ model: path, inputs: { file }, strategy: 'layer' });
    const fromSeed = await runModel({ model: path, inputs: { seed: 5 }, strategy: 'layer' });
    expect(fromFile.outputs.get('scores')?.data).toEqual(fromSeed.outputs.get('scores')?.data);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const running = runModel({
      model: path,
      inputs: { seed: 4 },
      strategy: 'layer',
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'stage' && event.stage === 'execute') controller.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
