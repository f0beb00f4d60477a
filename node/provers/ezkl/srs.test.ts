import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { sha256File } from '../../artifacts/digest.ts';
import { developmentSrs, type OpenSrs, peerSrs, publishedSrs, srsBytes } from './srs.ts';

vi.mock(import('../../artifacts/digest.ts'), { spy: true });

const k = 10;
let directory: string;
let cache: ArtifactCache;
const opened: OpenSrs[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-srs-'));
  cache = newCache();
  vi.mocked(sha256File).mockClear();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((srs) => srs.release()));
  await rm(directory, { recursive: true, force: true });
});

/** The cache as another process has it. */
function newCache(): ArtifactCache {
  return new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
}

/** In the format; nothing here looks at its points. */
function bytesOf(fill: number, size = k): Buffer {
  const bytes = Buffer.alloc(srsBytes(size), fill);
  bytes.writeUInt32LE(size);
  return bytes;
}

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function held(opening: Promise<OpenSrs>): Promise<OpenSrs> {
  const srs = await opening;
  opened.push(srs);
  return srs;
}

const hashed = () => vi.mocked(sha256File).mock.calls.map(([path]) => path);
const noGenerator = () => Promise.reject(new Error('nothing is to be generated'));

describe('an SRS of a peer', () => {
  it('is hashed whenever it comes, and its copy once', async () => {
    const bytes = bytesOf(1);
    const [first, again] = [await fileOf('first', bytes), await fileOf('again', bytes)];
    const srs = await held(peerSrs(cache, first));
    expect(srs).toMatchObject({ cached: false, sha256: digestOf(bytes) });
    expect(await readFile(srs.path)).toEqual(bytes);
    expect(await held(peerSrs(cache, again))).toMatchObject({
      ...srs,
      cached: true,
      release: expect.anything(),
    });
    expect(hashed()).toEqual([first, expect.stringMatching(/new.*kzg\.srs$/), again]);
  });

  it('is not that of another, whatever it is called', async () => {
    const path = await fileOf('srs', bytesOf(1));
    const one = await held(peerSrs(cache, path));
    await writeFile(path, bytesOf(2));
    const other = await held(peerSrs(cache, path));
    expect(other.sha256).toBe(digestOf(bytesOf(2)));
    expect(other.path).not.toBe(one.path);
  });

  it('is copied again where another process finds its copy damaged', async () => {
    const path = await fileOf('srs', bytesOf(1));
    const srs = await held(peerSrs(cache, path));
    await writeFile(srs.path, bytesOf(2));
    const again = await held(peerSrs(newCache(), path));
    expect(again).toMatchObject({ path: srs.path, cached: false, sha256: digestOf(bytesOf(1)) });
    expect(await readFile(again.path)).toEqual(bytesOf(1));
  });

  it('leaves nothing when it is cancelled, while it is hashed and while it is copied', async () => {
    const path = await fileOf('srs', bytesOf(1, 16));
    const aborted = { code: 'ABORTED' };
    await expect(peerSrs(cache, path, AbortSignal.abort())).rejects.toMatchObject(aborted);
    expect(await readdir(directory)).not.toContain('cache');
    const stop = new AbortController();
    vi.mocked(sha256File).mockImplementationOnce(async () => {
      setTimeout(() => stop.abort(), 1);
      return digestOf(bytesOf(1, 16));
    });
    await expect(peerSrs(cache, path, stop.signal)).rejects.toMatchObject(aborted);
    expect(await cache.list()).toEqual([]);
    expect(await readdir(join(directory, 'cache', 'new')).catch(() => [])).toEqual([]);
  });
});

describe('a published SRS in a file', () => {
  it('is hashed once for all segments, and again when it has changed', async () => {
    const bytes = bytesOf(1);
    const path = await fileOf('srs', bytes);
    const source = publishedSrs(cache, path, digestOf(bytes));
    for (let segment = 0; segment < 3; segment++) {
      expect(await held(source.open(k, noGenerator))).toMatchObject({ path, sha256: digestOf(bytes) });
    }
    expect(hashed()).toEqual([path]);
    await writeFile(path, bytesOf(2));
    await expect(source.open(k, noGenerator)).rejects.toMatchObject({ code: 'SRS_INVALID' });
    await writeFile(path, bytes);
    expect(await held(source.open(k, noGenerator))).toMatchObject({ sha256: digestOf(bytes) });
    expect(hashed()).toEqual([path, path, path]);
  });

  it('is not hashed further once that is cancelled', async () => {
    const bytes = bytesOf(1);
    const source = publishedSrs(cache, await fileOf('srs', bytes), digestOf(bytes));
    await expect(source.open(k, noGenerator, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await held(source.open(k, noGenerator))).toMatchObject({ sha256: digestOf(bytes) });
  });
});

describe('an SRS made here', () => {
  it('is hashed once when it is made', async () => {
    const source = developmentSrs(cache);
    const generate = (path: string) => writeFile(path, bytesOf(1));
    for (let segment = 0; segment < 3; segment++) {
      expect(await held(source.open(k, generate))).toMatchObject({ sha256: digestOf(bytesOf(1)) });
    }
    expect(hashed()).toHaveLength(1);
  });

  it('is refused where nothing was made, which keeps nothing in use', async () => {
    await expect(developmentSrs(cache).open(k, async () => {})).rejects.toMatchObject({
      code: 'SRS_INVALID',
    });
    expect(await cache.list()).toMatchObject([{ inUse: false }]);
  });
});
