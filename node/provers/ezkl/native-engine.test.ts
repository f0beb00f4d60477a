import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNativeEngine, type NativeEngineInit } from './native-engine.ts';
import { ezklVersion } from './version.ts';

const worker = fileURLToPath(new URL('../process/testing-worker.ts', import.meta.url));
const bytes = new Uint8Array(1);
const input = { proof: bytes, verifyingKey: bytes, settings: bytes, srs: bytes };

let directory: string;
let scratch: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-native-'));
  scratch = await mkdtemp(join(directory, 'scratch-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Stands in for ezkl: it is of the right version and never answers. @param redirect of its input */
async function verdict(limits: Partial<NativeEngineInit>, redirect = '', signal?: AbortSignal) {
  const python = join(directory, 'python');
  const command = `exec '${process.execPath}' '${worker}' 1 ${ezklVersion} ${redirect}`;
  await writeFile(python, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  const engine = createNativeEngine({ python, directory: scratch, ...limits });
  try {
    return await engine.verify(input, signal);
  } finally {
    await engine.close();
    expect(await readdir(scratch)).toEqual([]);
  }
}

it('says nothing about a proof that takes longer than it may', async () => {
  expect(await verdict({ timeout: 50 })).toMatchObject({
    verdict: 'unavailable',
    reason: expect.stringContaining('longer than 50 ms'),
  });
});

it('says nothing about a proof that takes more memory than it may', async () => {
  expect(await verdict({ memoryLimit: 2 ** 20 })).toMatchObject({
    verdict: 'unavailable',
    reason: expect.stringContaining('the limit is 1.00 MiB'),
  });
});

it('says nothing where ezkl is not there', async () => {
  expect(await verdict({ python: join(directory, 'missing') })).toMatchObject({ verdict: 'unavailable' });
});

it('refuses a proof that ezkl crashes on', async () => {
  expect(await verdict({}, '< /dev/null')).toMatchObject({ verdict: 'invalid' });
});

it('is cancelled', async () => {
  await expect(verdict({}, '', AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'ABORTED' });
});
