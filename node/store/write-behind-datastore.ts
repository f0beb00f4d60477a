import { NotFoundError } from '@libp2p/interface';
import { BaseDatastore } from 'datastore-core';
import type { Datastore, Key, KeyQuery, Pair, Query } from 'interface-datastore';

export interface WriteBehindInit {
  /** Where everything is written to in the end. */
  inner: Datastore;
  /** Milliseconds for which writes are gathered; a second unless given. */
  delay?: number;
  /** Values that are kept in memory, and changes that wait to be written, at most. */
  maxValues?: number;
}

/** A value that is to be written, or a key that is to be deleted. */
interface Change {
  key: Key;
  value: Uint8Array | undefined;
}

/**
 * A datastore that keeps in memory what is used, and writes what changed a little later, all at once. libp2p reads and
 * writes a peer's record for every stream that either side opens: from and to the disk, that took a fifth of a busy
 * node's time. A crash loses the changes of the last moment.
 */
export class WriteBehindDatastore extends BaseDatastore {
  readonly #inner: Datastore;
  readonly #delay: number;
  readonly #maxValues: number;
  /** In order of last use. */
  readonly #values = new Map<string, Uint8Array>();
  #unwritten = new Map<string, Change>();
  /** What is being written now. */
  #leaving: ReadonlyMap<string, Change> = new Map();
  #writing: Promise<void> = Promise.resolve();
  /** How many writes are over. */
  #writes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why the last write in the background failed; whoever writes next is told. */
  #failure: unknown;

  constructor({ inner, delay = 1_000, maxValues = 4_096 }: WriteBehindInit) {
    super();
    this.#inner = inner;
    this.#delay = delay;
    this.#maxValues = maxValues;
  }

  override async get(key: Key): Promise<Uint8Array> {
    const name = key.toString();
    const change = this.#changeOf(name);
    if (change !== undefined && change.value === undefined) throw new NotFoundError();
    const known = change?.value ?? this.#values.get(name);
    if (known !== undefined) {
      this.#keep(name, known);
      return known;
    }
    const writes = this.#writes;
    const value = await this.#inner.get(key);
    // It may have been changed while it was read, and the change be written by now.
    if (this.#changeOf(name) === undefined && this.#writes === writes) this.#keep(name, value);
    return value;
  }

  override async has(key: Key): Promise<boolean> {
    const name = key.toString();
    const change = this.#changeOf(name);
    if (change !== undefined) return change.value !== undefined;
    return this.#values.has(name) || this.#inner.has(key);
  }

  override async put(key: Key, value: Uint8Array): Promise<Key> {
    await this.#change({ key, value });
    return key;
  }

  override async delete(key: Key): Promise<void> {
    await this.#change({ key, value: undefined });
  }

  override async *query(query: Query): AsyncGenerator<Pair> {
    await this.flush();
    yield* this.#inner.query(query);
  }

  override async *queryKeys(query: KeyQuery): AsyncGenerator<Key> {
    await this.flush();
    yield* this.#inner.queryKeys(query);
  }

  /**
   * Writes all that is not written yet.
   *
   * @throws what the datastore below throws; it is tried again with the next write
   */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writing = this.#writing.then(() => this.#write());
    // The next one begins whether or not this one succeeds; its own caller hears of it.
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    this.#leaving = this.#unwritten;
    this.#unwritten = new Map();
    const batch = this.#inner.batch();
    for (const { key, value } of this.#leaving.values()) {
      if (value === undefined) batch.delete(key);
      else batch.put(key, value);
    }
    try {
      await batch.commit();
    } catch (error) {
      this.#unwritten = new Map([...this.#leaving, ...this.#unwritten]);
      throw error;
    } finally {
      this.#leaving = new Map();
      this.#writes += 1;
    }
  }

  #changeOf(name: string): Change | undefined {
    return this.#unwritten.get(name) ?? this.#leaving.get(name);
  }

  async #change(change: Change): Promise<void> {
    // What cannot be written does not gather without end: the new change is refused then.
    if (this.#unwritten.size >= this.#maxValues) await this.flush();
    const name = change.key.toString();
    if (change.value === undefined) this.#values.delete(name);
    else this.#keep(name, change.value);
    this.#unwritten.set(name, change);
    if (this.#unwritten.size >= this.#maxValues) return this.flush();
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => {
        this.#failure = error;
      });
    }, this.#delay).unref();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #keep(name: string, value: Uint8Array): void {
    this.#values.delete(name);
    this.#values.set(name, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#maxValues && oldest !== undefined) this.#values.delete(oldest);
  }
}
