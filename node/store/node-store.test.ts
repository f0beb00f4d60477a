import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Key } from 'interface-datastore';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NodeStore, openNodeStore } from './index.ts';

let root: string;
let path: string;
let store: NodeStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tessera-store-'));
  path = join(root, 'database');
  store = await openNodeStore(path);
});

afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true, force: true });
});

describe('a node’s store', () => {
  it('belongs to its owner, and to one opener at a time', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await expect(openNodeStore(path)).rejects.toMatchObject({ code: 'NODE_RUNNING' });
    await store.close();
    store = await openNodeStore(path);
  });

  it('keeps records and libp2p’s data apart, over restarts', async () => {
    const jobs = store.records<{ state: string }>('jobs');
    await jobs.put('b', { state: 'open' });
    await jobs.put('a', { state: 'proven' });
    await jobs.put('c', { state: 'lost' });
    await jobs.delete('c');
    await store.records('jobs2').put('a', 1);
    await store.datastore.put(new Key('/jobs/a'), Uint8Array.of(1));
    await store.close();

    store = await openNodeStore(path);
    const entries: [string, { state: string }][] = [];
    for await (const entry of store.records<{ state: string }>('jobs').entries()) entries.push(entry);
    expect(entries).toEqual([
      ['a', { state: 'proven' }],
      ['b', { state: 'open' }],
    ]);
    expect(await store.records('jobs').get('c')).toBeUndefined();
    expect([...(await store.datastore.get(new Key('/jobs/a')))]).toEqual([1]);
    const keys: string[] = [];
    for await (const key of store.datastore.queryKeys({})) keys.push(key.toString());
    expect(keys).toEqual(['/jobs/a']);
  });

  it('says that it is the storage that fails', async () => {
    const jobs = store.records<string>('jobs');
    await store.close();
    const failure = { code: 'STORAGE_FAILED', details: { records: 'jobs' } };
    await expect(jobs.put('a', 'open')).rejects.toMatchObject(failure);
    await expect(jobs.get('a')).rejects.toMatchObject(failure);
    await expect(jobs.delete('a')).rejects.toMatchObject(failure);
  });
});
