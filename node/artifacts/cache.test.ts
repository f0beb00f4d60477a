import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactCache } from './cache.ts';

const run = promisify(execFile);

let directory: string;
let cache: ArtifactCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cache-'));
  cache = new ArtifactCache({ directory, maxBytes: 1e9 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Makes an entry of one file, and counts how often. */
function maker(content = 'content') {
  const calls = { count: 0 };
  const make = async (path: string) => {
    calls.count++;
    await writeFile(join(path, 'file'), content);
  };
  return { calls, make };
}

async function make(key: number, bytes = 100): Promise<string> {
  const entry = await cache.open('test', { key }, maker('x'.repeat(bytes)).make);
  await entry.release();
  return entry.path;
}

describe('ArtifactCache', () => {
  it('makes an entry once for the same inputs, in whatever order their fields are', async () => {
    const { calls, make } = maker();
    const first = await cache.open('test', { a: 1, b: { c: [2], d: 3 } }, make);
    const second = await cache.open('test', { b: { d: 3, c: [2] }, a: 1 }, make);
    expect([first.cached, second.cached]).toEqual([false, true]);
    expect(second.path).toBe(first.path);
    expect(await readFile(join(second.path, 'file'), 'utf8')).toBe('content');
    const other = await cache.open('test', { a: 1, b: { c: [2], d: 4 } }, make);
    expect(other.path).not.toBe(first.path);
    expect(calls.count).toBe(2);
  });

  it('knows what is there and what its files are, without making anything', async () => {
    expect(await cache.has('test', { a: 1 })).toBe(false);
    const { path, files } = await cache.open('test', { a: 1 }, maker().make);
    const sha256 = createHash('sha256').update('content').digest('hex');
    expect(files).toEqual({ file: { bytes: 7, sha256 } });
    expect(await cache.has('test', { a: 1 })).toBe(true);
    await writeFile(join(path, 'file'), 'short');
    expect(await cache.has('test', { a: 1 })).toBe(false);
  });

  it('makes an entry once when many ask at the same time', async () => {
    const { calls, make } = maker();
    const entries = await Promise.all(Array.from({ length: 5 }, () => cache.open('test', {}, make)));
    expect(calls.count).toBe(1);
    expect(entries.filter(({ cached }) => !cached)).toHaveLength(1);
  });

  it('does the work once when two processes share it', async () => {
    const log = join(directory, 'log');
    const script = `
      import { appendFile, writeFile } from 'node:fs/promises';
      import { ArtifactCache } from ${JSON.stringify(new URL('./cache.ts', import.meta.url).href)};
      const cache = new ArtifactCache({ directory: ${JSON.stringify(join(directory, 'cache'))}, maxBytes: 1e9 });
      const entry = await cache.open('test', { a: 1 }, async (path) => {
        await appendFile(${JSON.stringify(log)}, 'made');
        await new Promise((resolve) => setTimeout(resolve, 300));
        await writeFile(path + '/file', 'content');
      });
      console.log(entry.path);
      await entry.release();`;
    const outputs = await Promise.all(
      [1, 2].map(() => run(process.execPath, ['--input-type=module', '-e', script])),
    );
    expect(outputs[0]?.stdout).toBe(outputs[1]?.stdout);
    expect(await readFile(log, 'utf8')).toBe('made');
  });

  it('leaves nothing behind when making fails, and tries again the next time', async () => {
    const failing = cache.open('test', {}, async (path) => {
      await writeFile(join(path, 'file'), 'half');
      throw new Error('interrupted');
    });
    await expect(failing).rejects.toThrow('interrupted');
    expect(await readdir(join(directory, 'new'))).toEqual([]);
    expect(await cache.list()).toEqual([]);
    const { make } = maker();
    expect((await cache.open('test', {}, make)).cached).toBe(false);
  });

  it.each([
    ['a changed byte', (path: string) => writeFile(join(path, 'file'), 'c0ntent')],
    ['a cut file', (path: string) => writeFile(join(path, 'file'), 'con')],
    ['a missing file', (path: string) => rm(join(path, 'file'))],
    ['a damaged record', (path: string) => writeFile(join(path, 'entry.json'), '{"files":')],
    [
      'a record that leads elsewhere',
      (path: string) => writeFile(join(path, 'entry.json'), '{"files":{"../x":{}}}'),
    ],
  ])('makes an entry again that has %s', async (_, damage) => {
    const { calls, make } = maker();
    const entry = await cache.open('test', {}, make);
    await entry.release();
    await damage(entry.path);
    const again = await new ArtifactCache({ directory, maxBytes: 1e9 }).open('test', {}, make);
    expect(again.cached).toBe(false);
    expect(calls.count).toBe(2);
    expect(await readFile(join(again.path, 'file'), 'utf8')).toBe('content');
  });

  it('makes an entry again for whoever reads its damaged file, and for nobody else', async () => {
    const calls = { count: 0 };
    const make = async (path: string) => {
      calls.count++;
      for (const name of ['small', 'large']) await writeFile(join(path, name), name);
    };
    const { path } = await cache.open('test', {}, make);
    await writeFile(join(path, 'large'), 'LARGE');
    const later = new ArtifactCache({ directory, maxBytes: 1e9 });
    for (let i = 0; i < 2; i++) await later.open('test', {}, make, undefined, ['small']);
    expect([calls.count, await later.has('test', {}, undefined, ['small'])]).toEqual([1, true]);
    expect(await later.has('test', {})).toBe(false);
    expect((await later.open('test', {}, make)).cached).toBe(false);
    expect(await readFile(join(path, 'large'), 'utf8')).toBe('large');
  });

  it('gives up a download that nobody went on with for a week, and no other', async () => {
    const [old, recent] = ['aa', 'bb'].map((byte) => `${cache.partialFile(byte.repeat(32))}.part`) as [
      string,
      string,
    ];
    await mkdir(dirname(old), { recursive: true });
    for (const path of [old, recent]) await writeFile(path, 'half');
    const eightDaysAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
    await utimes(old, eightDaysAgo, eightDaysAgo);
    await cache.prune({ maxBytes: 1e9 });
    expect(await readdir(dirname(old))).toEqual([basename(recent)]);
  });

  it('removes the least recently used first, and never what is in use', async () => {
    const oldest = await cache.open('test', { key: 0 }, maker('x'.repeat(100)).make);
    await make(1);
    await make(2);
    // Used again: now younger than 2.
    await make(1);
    const order = (await cache.list()).map(({ key }) => key);
    const removed = await cache.prune({ maxBytes: 250 });
    expect(removed.map(({ key }) => key)).toEqual([order[1]]);
    expect((await cache.prune({ maxBytes: 0 })).map(({ key }) => key)).toEqual([order[2]]);
    expect((await cache.list()).map(({ key, inUse }) => ({ key, inUse }))).toEqual([
      { key: oldest.key, inUse: true },
    ]);
    await oldest.release();
    await cache.prune({ maxBytes: 0 });
    expect(await cache.list()).toEqual([]);
  });

  it('keeps itself below its size when entries are made', async () => {
    cache = new ArtifactCache({ directory, maxBytes: 250 });
    for (let key = 0; key < 5; key++) await make(key);
    const entries = await cache.list();
    expect(entries.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(250);
    expect(entries).toHaveLength(2);
  });

  it('does not take a use for one whose process has ended, and removes what it left', async () => {
    const path = await make(0);
    const { pid } = await run(process.execPath, ['-e', 'console.log(process.pid)']).then(({ stdout }) => ({
      pid: stdout.trim(),
    }));
    await writeFile(join(`${path}.used`, `${pid}.left`), '');
    await mkdir(join(directory, 'new', `${pid}.left`), { recursive: true });
    await cache.prune({ maxBytes: 0 });
    expect(await cache.list()).toEqual([]);
    expect(await readdir(join(directory, 'new'))).toEqual([]);
  });

  it('stops waiting for another maker when cancelled', async () => {
    const making = Promise.withResolvers<void>();
    const first = cache.open('test', {}, () => making.promise);
    const controller = new AbortController();
    const second = cache.open('test', {}, maker().make, controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    making.resolve();
    await first;
  });

  it('reports a disk that refuses, with nothing half-written', async () => {
    // A limit on the size of files is what any user can set; a full disk ends in the same code path.
    const script = `
      import { writeFile } from 'node:fs/promises';
      import { ArtifactCache } from ${JSON.stringify(new URL('./cache.ts', import.meta.url).href)};
      process.on('SIGXFSZ', () => {});
      const cache = new ArtifactCache({ directory: ${JSON.stringify(join(directory, 'small'))}, maxBytes: 1e9 });
      try {
        await cache.open('test', {}, (path) => writeFile(path + '/file', Buffer.alloc(1 << 20)));
        console.log('made');
      } catch (error) {
        console.log(error.code, (await cache.list()).length);
      }`;
    const output = execFileSync(
      'bash',
      ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      { encoding: 'utf8' },
    );
    expect(output.trim()).toBe('STORAGE_FAILED 0');
    expect(await readdir(join(directory, 'small', 'new'))).toEqual([]);
  });
});
