import { chmod, mkdir } from 'node:fs/promises';
import { LevelDatastore } from 'datastore-level';
import type { Datastore } from 'interface-datastore';
import { Level } from 'level';
import { TesseraError } from '../../protocol/errors.ts';
import { WriteBehindDatastore } from './write-behind-datastore.ts';

type Database = Level<string, Uint8Array>;

/** One kind of a node's durable records, by key, as JSON. What the disk refuses fails with `STORAGE_FAILED`. */
export interface Records<T> {
  get(key: string): Promise<T | undefined>;
  put(key: string, value: T): Promise<void>;
  delete(key: string): Promise<void>;
  /** All records in the order of their keys; those written meanwhile may or may not be among them. */
  entries(): AsyncIterable<[key: string, value: T]>;
}

/** A node's durable state: one Level database, which one process at a time can have open. */
export interface NodeStore {
  /** Where libp2p keeps peers and DHT records; a crash loses those of the last second. */
  readonly datastore: Datastore;
  /** Records of this name; two callers of one name share them. Reads are as they were written: nobody else writes here. */
  records<T>(name: string): Records<T>;
  close(): Promise<void>;
}

/**
 * Opens, or makes, a node's store. The operating system holds the lock and lets it go when the process ends, however
 * it ends.
 *
 * @param path The database's directory; made owner-only
 * @throws TesseraError `NODE_RUNNING` when another process has it open, `STORAGE_FAILED`
 */
export async function openNodeStore(path: string): Promise<NodeStore> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  const database: Database = new Level(path, { keyEncoding: 'utf8', valueEncoding: 'view' });
  try {
    await database.open();
  } catch (cause) {
    throw openFailure(path, cause);
  }
  const datastore = new WriteBehindDatastore({ inner: new LevelDatastore(libp2pSection(database)) });
  return {
    datastore,
    records: <T>(name: string) => recordsOf<T>(database, name),
    async close() {
      try {
        if (database.status === 'open') await datastore.flush();
      } finally {
        await database.close();
      }
    },
  };
}

/**
 * libp2p's own section: a datastore takes every key that it meets for one of its own. A section of a database has the
 * interface of a database, and is open as long as that is.
 */
function libp2pSection(database: Database): Database {
  return database.sublevel<string, Uint8Array>('libp2p', {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  }) as unknown as Database;
}

function recordsOf<T>(database: Database, name: string): Records<T> {
  const section = database.sublevel<string, T>(name, { keyEncoding: 'utf8', valueEncoding: 'json' });
  return {
    get: (key) => section.get(key).catch(failsToStore('read', name)),
    put: (key, value) => section.put(key, value).catch(failsToStore('written', name)),
    delete: (key) => section.del(key).catch(failsToStore('deleted', name)),
    entries: () => section.iterator(),
  };
}

/** @returns what to do with the database's refusal @throws TesseraError `STORAGE_FAILED` */
function failsToStore(what: string, records: string): (error: unknown) => never {
  return (error) => {
    // The database says what it could not do; its cause says why.
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new TesseraError('STORAGE_FAILED', {
      message: `A record of the node's store (${records}) cannot be ${what}: ${cause instanceof Error ? cause.message : cause}`,
      remedy: 'Check the free space on the disk of the data directory, and its health.',
      details: { records },
      cause: error,
    });
  };
}

function openFailure(path: string, error: unknown): TesseraError {
  const cause = error instanceof Error ? error.cause : undefined;
  const isLocked = cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
  if (isLocked) {
    return new TesseraError('NODE_RUNNING', {
      message: `Another process runs a node on ${path}`,
      remedy: 'Use that one (`tessera status`), stop it, or start this one on another TESSERA_HOME.',
      details: { path },
      cause: error,
    });
  }
  return new TesseraError('STORAGE_FAILED', {
    message: `The node's store in ${path} cannot be opened: ${cause instanceof Error ? cause.message : error}`,
    remedy: 'Check its permissions and the free space on that disk.',
    details: { path },
    cause: error,
  });
}
