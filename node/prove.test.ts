import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCalibrationStore } from './plan/calibration-store.ts';
import { prove } from './prove.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-prove-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['a directory that does not exist', ['absent', 'job.cert']],
  ['a path that is a directory', []],
])('refuses %s before any work', async (_, path) => {
  const limits = { parallel: 1, memory: 2 ** 30 };
  // Neither file exists: reading one of them would fail otherwise.
  const request = { model: 'no.onnx', input: 'no.json', strategy: 'auto', limits };
  const modules = {
    provers: new Map(),
    choices: new Map(),
    calibrations: openCalibrationStore(folder),
    verifiers: [],
  };
  const out = join(folder, ...path);
  await expect(prove({ ...request, out }, modules)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(out),
    remedy: expect.stringContaining('--out'),
  });
});
