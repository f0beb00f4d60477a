import { MemoryDatastore } from 'datastore-core';
import { Key } from 'interface-datastore';
import { beforeEach, describe, expect, it } from 'vitest';
import { WriteBehindDatastore } from './write-behind-datastore.ts';

const [a, b, c] = ['/peers/a', '/peers/b', '/other/c'].map((name) => new Key(name)) as [Key, Key, Key];
const one = Uint8Array.of(1);
const two = Uint8Array.of(2);

/** Counts what reaches it, and fails to write on demand. */
class WatchedDatastore extends MemoryDatastore {
  reads = 0;
  writes = 0;
  isFull = false;
  /** A read of the disk that takes its time: it has the value, and waits for this. */
  slow: Promise<void> | undefined;

  override async get(key: Key) {
    this.reads += 1;
    const value = super.get(key);
    await this.slow;
    return value;
  }

  override put(key: Key, value: Uint8Array) {
    if (this.isFull) throw new Error('no space');
    this.writes += 1;
    return super.put(key, value);
  }
}

let inner: WatchedDatastore;
let store: WriteBehindDatastore;
beforeEach(() => {
  inner = new WatchedDatastore();
  store = new WriteBehindDatastore({ inner, delay: 2 ** 30, maxValues: 2 });
});

describe('a datastore that writes behind', () => {
  it('has at once what was put, and writes the last of several values once', async () => {
    await store.put(a, one);
    await store.put(a, two);
    expect(await store.get(a)).toEqual(two);
    expect(await store.has(a)).toBe(true);
    expect(inner.writes).toBe(0);
    await store.flush();
    expect(inner.writes).toBe(1);
    expect(await inner.get(a)).toEqual(two);
    await store.flush();
    expect(inner.writes).toBe(1);
  });

  it('reads what is used again from memory, and no more than so many values', async () => {
    for (const key of [a, b, c]) await inner.put(key, one);
    for (const key of [a, a, b, a, c, a]) expect(await store.get(key)).toEqual(one);
    expect(inner.reads).toBe(3);
    await store.get(b);
    expect(inner.reads).toBe(4);
  });

  it('has no more what was deleted, before and after it is written', async () => {
    await inner.put(a, one);
    await store.get(a);
    await store.delete(a);
    const isGone = async () => {
      await expect(store.get(a)).rejects.toMatchObject({ name: 'NotFoundError' });
      expect(await store.has(a)).toBe(false);
    };
    await isGone();
    expect(await inner.has(a)).toBe(true);
    await store.flush();
    await isGone();
    expect(await inner.has(a)).toBe(false);
  });

  it('lists what is not written yet', async () => {
    await inner.put(a, one);
    await store.put(b, two);
    await store.delete(a);
    const keys: string[] = [];
    for await (const key of store.queryKeys({ prefix: '/peers' })) keys.push(key.toString());
    expect(keys).toEqual(['/peers/b']);
    const values: Uint8Array[] = [];
    for await (const { value } of store.query({})) values.push(value);
    expect(values).toEqual([two]);
  });

  it('writes at once where too much waits', async () => {
    await store.put(a, one);
    await store.put(b, one);
    expect(inner.writes).toBe(2);
  });

  it('refuses further changes where so many cannot be written, and keeps those that it took', async () => {
    inner.isFull = true;
    await store.put(a, one);
    await expect(store.put(b, one)).rejects.toThrow('no space');
    await expect(store.put(c, one)).rejects.toThrow('no space');
    await expect(store.get(c)).rejects.toMatchObject({ name: 'NotFoundError' });
    inner.isFull = false;
    await store.put(c, two);
    await store.flush();
    expect(await Promise.all([a, b, c].map((key) => inner.get(key)))).toEqual([one, one, two]);
  });

  it.each<[string, Uint8Array | undefined]>([
    ['changed', two],
    ['deleted', undefined],
  ])('does not take for the latest what was %s and written while it was read', async (_, latest) => {
    await inner.put(a, one);
    const read = Promise.withResolvers<void>();
    inner.slow = read.promise;
    const earlier = store.get(a);
    await (latest === undefined ? store.delete(a) : store.put(a, latest));
    await store.flush();
    // Out of memory, so that it is read again.
    await store.put(b, one);
    await store.put(c, one);
    inner.slow = undefined;
    read.resolve();
    expect(await earlier).toEqual(one);
    const later = store.get(a);
    if (latest === undefined) await expect(later).rejects.toMatchObject({ name: 'NotFoundError' });
    else expect(await later).toEqual(latest);
  });

  it('writes by itself, and tells the next writer where that failed; nothing is lost', async () => {
    store = new WriteBehindDatastore({ inner, delay: 0 });
    inner.isFull = true;
    await store.put(a, one);
    await expect(
      (async () => {
        for (;;) {
          await new Promise(setImmediate);
          await store.put(b, two);
        }
      })(),
    ).rejects.toThrow('no space');
    inner.isFull = false;
    await store.flush();
    expect(await inner.get(a)).toEqual(one);
    expect(await inner.get(b)).toEqual(two);
  });
});
