import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { workerPath } from '../provers/groth16/worker-path.ts';
import { workerProcess } from '../provers/groth16/worker-process.ts';
import { groth16Part } from './groth16-part.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('groth16Part', () => {
  const init = () => ({ folder, toolchain: join(folder, 'go'), environment: process.env });

  it('says what is missing without building it', async () => {
    expect(await groth16Part(init()).check()).toMatchObject({
      state: 'missing',
      remedy: 'Run: tessera setup',
    });
  });

  it('stays out where the user leaves it out', async () => {
    const part = groth16Part({ ...init(), leftOut: 'no provers here' });
    expect(await part.check()).toEqual({ state: 'left out', reason: 'no provers here' });
  });

  it('builds a worker that greets with the pinned release', async () => {
    const built = workerProcess(await builtWorker());
    try {
      expect(await built.identity()).toEqual({ worker: 'groth16', version: '0.14.0' });
    } finally {
      await built.close();
    }
  });

  it('names the binary after the sources', async () => {
    expect(await workerPath(folder)).toMatch(/groth16-[0-9a-f]{16}(\.exe)?$/);
    expect(await workerPath(folder)).toBe(await workerPath(folder));
  });
});
