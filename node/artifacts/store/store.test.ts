import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { CID } from 'multiformats/cid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { artifactCid, sha256Hex } from '../../../protocol/ids.ts';
import type { AddOptions, Artifact } from './artifact.ts';
import { parseArtifactCid } from './artifact-cid.ts';
import { ArtifactStore } from './store.ts';

const MiB = 2 ** 20;
const gone = { code: 'ARTIFACT_MISSING' };

let directory: string;
let store: ArtifactStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'artifact-store-'));
  store = await open();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const open = (maxBytes = 100 * MiB) => ArtifactStore.open({ directory, maxBytes });
const add = (bytes: Uint8Array, options?: AddOptions) => store.add([bytes], options);
const read = async (cid: CID) => buffer(store.get(cid));

/** Paths of all files, relative to the store. */
async function files(): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

const blockFile = async (cid: CID) => (await files()).find((path) => path.endsWith(`/${cid}`)) as string;

describe('what is added', () => {
  it.each([0, 1, MiB - 1, MiB, MiB + 1, 5 * MiB + 3])('is there again, %i bytes', async (size) => {
    const bytes = randomBytes(size);
    const artifact = await add(bytes);
    expect(artifact).toMatchObject({ bytes: size, sha256: sha256Hex(bytes), pinned: false, announced: true });
    expect((await read(artifact.cid)).equals(bytes)).toBe(true);
    expect(store.findByDigest(artifact.sha256)).toEqual(store.find(artifact.cid));
    // A small artifact's CID is the one that its digest in a manifest gives.
    if (size <= MiB) expect(artifact.cid.toString()).toBe(artifactCid(artifact.sha256));
  });

  it('has the CID that IPFS gives it', async () => {
    const { cid } = await add(new TextEncoder().encode('hello world'));
    expect(cid.toString()).toBe('bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e');
  });

  it('takes no room for blocks that repeat', async () => {
    const { cid } = await add(new Uint8Array(3 * MiB));
    expect(store.bytes).toBeLessThan(MiB + 500);
    expect(await read(cid)).toHaveLength(3 * MiB);
  });

  it('does not depend on how its source is cut', async () => {
    const bytes = randomBytes(3 * MiB);
    const { cid } = await add(bytes);
    const cuts = [bytes.subarray(0, 7), bytes.subarray(7, 2 * MiB), bytes.subarray(2 * MiB)];
    expect((await store.add(cuts)).cid).toEqual(cid);
    expect(store.ls()).toHaveLength(1);
  });

  it('shares its blocks with other artifacts', async () => {
    const bytes = randomBytes(4 * MiB);
    const { cid } = await add(bytes);
    const other = await add(bytes.subarray(0, 3 * MiB));
    expect(store.bytes).toBeLessThan(4.01 * MiB);
    await store.remove(cid);
    expect((await read(other.cid)).equals(bytes.subarray(0, 3 * MiB))).toBe(true);
    expect(store.bytes).toBeLessThan(3.01 * MiB);
    await store.remove(other.cid);
    expect(store.bytes).toBe(0);
    expect(await files()).toEqual([]);
  });

  it('leaves nothing behind when its source fails or is cancelled', async () => {
    async function* failing() {
      yield randomBytes(2.5 * MiB);
      throw new Error('the source broke');
    }
    await expect(store.add(failing())).rejects.toThrow('the source broke');
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const cancelled = store.add([randomBytes(MiB), randomBytes(MiB)], {
      signal: controller.signal,
      onProgress,
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
    expect([store.ls(), store.bytes, await files()]).toEqual([[], 0, []]);
  });

  it('is added once when it is added twice at the same time', async () => {
    const bytes = randomBytes(3 * MiB);
    const [one, other] = await Promise.all([add(bytes), add(bytes, { pin: true })]);
    expect(one.cid).toEqual(other.cid);
    expect(store.ls()).toMatchObject([{ pinned: true }]);
    expect((await read(one.cid)).equals(bytes)).toBe(true);
    expect(store.bytes).toBeLessThan(3.01 * MiB);
  });
});

describe('a store that is opened again', () => {
  it('knows what it had', async () => {
    const bytes = randomBytes(2 * MiB);
    const { cid } = await add(bytes, { pin: true, announce: false });
    const before = store.ls();
    const taken = store.bytes;
    store = await open();
    expect(store.ls()).toEqual(before);
    expect(store.bytes).toBe(taken);
    expect((await read(cid)).equals(bytes)).toBe(true);
  });

  it('removes what interrupted work left', async () => {
    await add(randomBytes(10));
    const before = await files();
    await writeFile(join(directory, 'incoming', 'half'), 'x');
    const stray = await add(randomBytes(20));
    await rm(join(directory, 'artifacts', `${stray.cid}.json`));
    store = await open();
    expect(await files()).toEqual(before);
    expect(store.bytes).toBe(10);
  });

  it.each([
    ['a truncated', truncate],
    ['a missing', rm],
  ])('never serves %s block, and takes it again', async (_, damage) => {
    const bytes = randomBytes(3 * MiB);
    const { cid } = await add(bytes);
    const leaf = parseArtifactCid(artifactCid(sha256Hex(bytes.subarray(MiB, 2 * MiB))));
    await damage(await blockFile(leaf));
    store = await open();
    expect(await store.readBlock(leaf)).toBeUndefined();
    await expect(read(cid)).rejects.toMatchObject(gone);
    expect(store.ls()).toEqual([]);

    const incoming = await store.receive(cid);
    expect(incoming.has(leaf)).toBe(false);
    await incoming.put(leaf, bytes.subarray(MiB, 2 * MiB));
    await incoming.complete({ bytes: bytes.length, sha256: sha256Hex(bytes) });
    await incoming.release();
    expect((await read(cid)).equals(bytes)).toBe(true);
  });

  it('counts a damaged record as none', async () => {
    const { cid } = await add(randomBytes(10));
    await writeFile(join(directory, 'artifacts', `${cid}.json`), '{"whole":');
    await writeFile(join(directory, 'artifacts', 'notes.json'), '{}');
    store = await open();
    expect(store.ls()).toEqual([]);
    expect(store.bytes).toBe(0);
  });

  it('goes on with what it was receiving', async () => {
    const bytes = randomBytes(3 * MiB);
    const { cid } = await add(bytes);
    const root = (await store.readBlock(cid)) as Uint8Array;
    await store.remove(cid);
    const incoming = await store.receive(cid);
    await incoming.put(cid, root);
    const leaf = parseArtifactCid(artifactCid(sha256Hex(bytes.subarray(0, MiB))));
    await incoming.put(leaf, bytes.subarray(0, MiB));
    store = await open();
    const again = await store.receive(cid);
    expect([again.has(cid), again.has(leaf)]).toEqual([true, true]);
    expect(store.ls()).toEqual([]);
  });
});

describe('where room is needed', () => {
  const sized = (artifacts: readonly Artifact[]) => artifacts.map(({ cid }) => cid.toString());
  beforeEach(async () => {
    store = await open(10 * MiB);
  });

  it('the least recently used goes first', async () => {
    const artifacts: Artifact[] = [];
    for (let index = 0; index < 5; index++) artifacts.push(await add(randomBytes(2 * MiB - 3000)));
    const [first, second, third, fourth, fifth] = artifacts as [
      Artifact,
      Artifact,
      Artifact,
      Artifact,
      Artifact,
    ];
    const dropped: string[] = [];
    store.events.on('removed', (cid) => dropped.push(cid.toString()));
    await read(first.cid);
    const added = await add(randomBytes(3 * MiB));
    expect(dropped).toEqual(sized([second, third]));
    expect(sized(store.ls())).toEqual(sized([fourth, fifth, first, added]));
    expect(store.bytes).toBeLessThanOrEqual(10 * MiB);
    // The order outlives the process.
    store = await open(10 * MiB);
    expect(sized(store.ls())).toEqual(sized([fourth, fifth, first, added]));
  });

  it('nothing pinned or leased goes, whatever is added', async () => {
    const pinned = await add(randomBytes(3 * MiB), { pin: true });
    const leased = await add(randomBytes(3 * MiB));
    const lease = store.lease(leased.cid);
    const reading = store.get((await add(randomBytes(2 * MiB))).cid);
    await reading.next();
    await expect(add(randomBytes(4 * MiB))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(store.ls()).toHaveLength(3);
    for await (const _ of reading);

    for (let index = 0; index < 20; index++) await add(randomBytes(1.5 * MiB));
    expect(sized(store.ls())).toEqual(expect.arrayContaining(sized([pinned, leased])));
    lease.release();
    lease.release();
    await store.unpin(pinned.cid);
    await add(randomBytes(9 * MiB));
    expect(store.ls()).toHaveLength(1);
  });

  it('many that are added at once stay within the limit', async () => {
    const added = await Promise.allSettled(Array.from({ length: 12 }, () => add(randomBytes(1.5 * MiB))));
    for (const end of added) {
      if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'STORAGE_FAILED' });
    }
    expect(store.bytes).toBeLessThanOrEqual(10 * MiB);
    for (const { cid, bytes } of store.ls()) expect(await read(cid)).toHaveLength(bytes);
    const onDisk = (await files()).filter((path) => path.includes('/blocks/'));
    const sizes = await Promise.all(onDisk.map(async (path) => (await readFile(path)).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(store.bytes);
  });

  it('what is being received goes only after its release', async () => {
    const bytes = randomBytes(MiB);
    const root = parseArtifactCid(artifactCid(sha256Hex(bytes)));
    const incoming = await store.receive(root);
    await incoming.put(root, bytes);
    await expect(add(randomBytes(9.5 * MiB))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(incoming.has(root)).toBe(true);
    await incoming.release();
    await add(randomBytes(9.5 * MiB));
    expect(store.ls()).toHaveLength(1);
  });

  it('a limit that was lowered is kept', async () => {
    for (let index = 0; index < 4; index++) await add(randomBytes(2 * MiB));
    store = await open(5 * MiB);
    expect(store.ls()).toHaveLength(2);
    expect(store.bytes).toBeLessThanOrEqual(5 * MiB);
  });
});

it('pins and unpins what it has, and says so of what it has not', async () => {
  const { cid } = await add(randomBytes(10));
  expect(await store.pin(cid)).toMatchObject({ pinned: true });
  expect(await store.remove(cid)).toBe(false);
  store = await open();
  expect(store.find(cid)).toMatchObject({ pinned: true });
  expect(await store.unpin(cid)).toMatchObject({ pinned: false });
  expect(await store.remove(cid)).toBe(true);
  expect(store.find(cid)).toBeUndefined();
  await expect(store.pin(cid)).rejects.toMatchObject(gone);
  await expect(read(cid)).rejects.toMatchObject(gone);
  expect(() => store.lease(cid)).toThrow(expect.objectContaining(gone));
});

describe('what is kept for something', () => {
  const kept = (cid: CID) => store.find(cid)?.keptFor;

  it('stays until all is over that it is kept for, after a restart, too', async () => {
    const bytes = randomBytes(10);
    const { cid } = await add(bytes, { keepFor: 'one' });
    await add(bytes, { keepFor: 'other' });
    await store.keepFor(cid, 'other');
    store = await open();
    expect(kept(cid)).toEqual(['one', 'other']);
    await store.release('one');
    expect(await store.remove(cid)).toBe(false);
    await store.release('other');
    expect(await store.remove(cid)).toBe(true);
    await expect(store.keepFor(cid, 'one')).rejects.toMatchObject(gone);
  });

  it('is nothing where a record does not say it: what is pinned stays pinned', async () => {
    const { cid } = await add(randomBytes(10), { pin: true });
    const [path = ''] = (await files()).filter((name) => name.endsWith(`${cid}.json`));
    const { keptFor: _, ...earlier } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(earlier));
    store = await open();
    expect(store.find(cid)).toMatchObject({ pinned: true, keptFor: [] });
  });

  it('is forgotten by none of many that keep it at once', async () => {
    const bytes = randomBytes(10);
    const ids = ['a', 'b', 'c', 'd'];
    const [{ cid } = expect.fail()] = await Promise.all(ids.map((keepFor) => add(bytes, { keepFor })));
    expect([...(kept(cid) ?? [])].sort()).toEqual(ids);
    await Promise.all(ids.slice(1).map((id) => store.release(id)));
    store = await open();
    expect(kept(cid)).toEqual(['a']);
  });

  it('stays where its user unpins it, and goes in part where only that is over', async () => {
    const [one, other] = [
      await add(randomBytes(10), { keepFor: 'job', pin: true }),
      await add(randomBytes(10), { keepFor: 'job' }),
    ];
    await store.unpin(one.cid);
    await store.release('job', new Set([other.cid.toString()]));
    expect([kept(one.cid), kept(other.cid)]).toEqual([['job'], []]);
    expect([await store.remove(one.cid), await store.remove(other.cid)]).toEqual([false, true]);
  });
});
