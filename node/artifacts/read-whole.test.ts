import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readWhole } from './read-whole.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-read-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('reads what a file holds, whatever its length', async () => {
  const path = join(directory, 'file');
  for (const length of [0, 1, 64 * 2 ** 20 + 5]) {
    await writeFile(path, new Uint8Array(length).fill(7));
    expect(Buffer.compare(await readWhole(path), await readFile(path))).toBe(0);
  }
});

it('stops when it is told to', async () => {
  const path = join(directory, 'file');
  await writeFile(path, 'text');
  await truncate(path, 2 ** 30);
  const stop = new AbortController();
  const read = readWhole(path, stop.signal);
  stop.abort();
  await expect(read).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(readWhole(path, stop.signal)).rejects.toMatchObject({ code: 'ABORTED' });
});
