import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import { describeWithEzkl } from '../../tests/support/ezkl-python.ts';
import { ezklVersion } from '../provers/ezkl/version.ts';
import { dataDirectory } from './data-directory.ts';
import { environmentPython, ezklPart } from './ezkl-part.ts';
import type { Part } from './part.ts';
import { findPython } from './python.ts';
import { setup } from './setup.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-setup-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program that answers as a Python of this version would. */
async function python(name: string, version: string, hasVenv: boolean): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\necho '${JSON.stringify({ executable: path, version, hasVenv })}'\n`);
  await chmod(path, 0o755);
  return path;
}

describeWithEzkl('the part of ezkl', () => {
  test('has its environment made, left alone the second time, and mended after an interruption', async () => {
    const directory = dataDirectory(join(folder, 'data'));
    const part = ezklPart({ environment: directory.python });
    const run = () => setup({ directory, parts: [part] });

    expect(await run()).toEqual([{ name: 'ezkl', outcome: 'installed' }]);
    const stamp = join(directory.python, 'tessera-requirements.sha256');
    const made = (await stat(stamp)).mtimeMs;
    expect(await run()).toEqual([{ name: 'ezkl', outcome: 'present' }]);
    expect((await stat(stamp)).mtimeMs).toBe(made);
    expect(await part.check()).toEqual({
      state: 'present',
      version: ezklVersion,
      path: environmentPython(directory.python),
    });

    await rm(stamp);
    expect(await part.check()).toMatchObject({ state: 'missing' });
    expect(await run()).toEqual([{ name: 'ezkl', outcome: 'installed' }]);
    expect(await readFile(stamp, 'utf8')).toMatch(/^[0-9a-f]{64}$/);

    await rm(environmentPython(directory.python));
    expect(await part.check()).toMatchObject({ state: 'missing', reason: expect.stringContaining('start') });
  });
});

test('a part that fails is reported and does not stop the next one', async () => {
  const failure = new TesseraError('DOWNLOAD_FAILED', { message: 'no network' });
  const installed: string[] = [];
  const part = (name: string, install: () => Promise<void>): Part => ({
    name,
    why: '',
    check: async () => ({ state: 'missing', reason: '', remedy: '' }),
    install,
  });
  const outcomes = await setup({
    directory: dataDirectory(join(folder, 'parts')),
    parts: [part('a', () => Promise.reject(failure)), part('b', async () => void installed.push('b'))],
  });
  expect(outcomes).toEqual([
    { name: 'a', outcome: 'failed', error: failure },
    { name: 'b', outcome: 'installed' },
  ]);
  expect(installed).toEqual(['b']);
});

test('a data directory that cannot be made is named', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(setup({ directory: dataDirectory(join(file, 'data')), parts: [] })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(join(file, 'data')),
  });
});

test('the first Python that will do is taken; shims that do not start are passed over', async () => {
  await mkdir(folder, { recursive: true });
  const old = await python('old', '3.8.18', true);
  const bare = await python('bare', '3.12.1', false);
  const good = await python('good', '3.10.2', true);
  const absent = join(folder, 'absent');
  expect(await findPython(undefined, [absent, old, bare, good])).toMatchObject({ version: '3.10.2' });
  await expect(findPython(undefined, [absent])).rejects.toThrow('No Python was found');
  await expect(findPython(undefined, [old])).rejects.toThrow('3.8.18');
  await expect(findPython(undefined, [old, bare])).rejects.toThrow('venv or ensurepip');
});
