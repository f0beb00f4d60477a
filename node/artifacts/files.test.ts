import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addFile, requireSavePlace, saveFile } from './files.ts';
import { ArtifactStore } from './store/index.ts';

const MiB = 2 ** 20;
let directory: string;
let store: ArtifactStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'artifact-files-'));
  store = await ArtifactStore.open({ directory: join(directory, 'store'), maxBytes: 2 * MiB });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a file', () => {
  it('goes into the store and comes out as it was', async () => {
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    const bytes = randomBytes(MiB + 1);
    await writeFile(from, bytes);
    const seen: [number, number][] = [];
    const { cid } = await addFile(store, from, { onProgress: (...progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
    await saveFile(store, cid, to);
    expect((await readFile(to)).equals(bytes)).toBe(true);
  });

  it('that is something else than the artifact is not written over', async () => {
    const [same, other] = [join(directory, 'same'), join(directory, 'other')];
    const bytes = randomBytes(MiB + 1);
    await Promise.all([writeFile(same, bytes), writeFile(other, bytes.subarray(1))]);
    const { cid } = await addFile(store, same);
    await requireSavePlace(cid, same);
    await requireSavePlace(cid, join(directory, 'nowhere'));
    for (const path of [other, directory]) {
      await expect(requireSavePlace(cid, path)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(path),
        remedy: expect.stringContaining('another name'),
      });
    }
  });

  it('that is larger than the store drops nothing', async () => {
    const kept = await store.add([randomBytes(MiB)]);
    const large = join(directory, 'large');
    await writeFile(large, randomBytes(2 * MiB + 1));
    await expect(addFile(store, large)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(store.ls()).toMatchObject([{ cid: kept.cid }]);
  });

  it('that is not there is named, and one that cannot be written whole is not there', async () => {
    const nowhere = join(directory, 'nowhere');
    await expect(addFile(store, nowhere)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining(nowhere),
    });
    const { cid } = await store.add([randomBytes(2 * MiB - 1024)]);
    const to = join(directory, 'to');
    await expect(saveFile(store, cid, to, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(await readdir(directory)).toEqual(['store']);
  });
});
