/**
 * What can be made again, by what it was made from: circuits, keys, witnesses, proofs. One directory an entry,
 * shared by all processes of this machine:
 *
 *     KIND/KEY/        the entry's files, with entry.json (their lengths and sha2-256), written last
 *     KIND/KEY.lock    held while the entry is made, opened or removed
 *     KIND/KEY.used/   one file a user, named PID.NONCE; such an entry is not removed
 *     new/PID.NONCE/   an entry in the making, renamed into place when it is whole
 *     partial/         downloads that may be continued
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import type { Hex32 } from '../../protocol/edge.ts';
import { throwIfAborted } from '../abort.ts';
import {
  type CachedFile,
  type EntryRecord,
  isOfRunningProcess,
  isUsed,
  names,
  readRecord,
  recordName,
  recordOf,
} from './cache-entry.ts';
import { sha256File } from './digest.ts';
import { ifMissing, storing } from './storage-error.ts';

/** Room for the keys of some tens of small circuits or a few large ones. */
export const defaultCacheBytes = 20 * 2 ** 30;

export interface CacheInit {
  directory: string;
  /** Bytes that entries out of use may take; the least recently used go first. */
  maxBytes: number;
}

/** Everything that an entry's content depends on, as JSON. */
export type CacheInputs = Readonly<Record<string, unknown>>;

export interface CacheEntry {
  kind: string;
  key: Hex32;
  bytes: number;
  lastUsed: Date;
  inUse: boolean;
}

/** An entry that stays in place until it is released. */
export interface OpenEntry {
  key: Hex32;
  /** Its directory; the files in it are not to be changed. */
  path: string;
  /** Whether it was there already. */
  cached: boolean;
  /** Its files by name, as they were when it was made. */
  files: Readonly<Record<string, CachedFile>>;
  release(): Promise<void>;
}

const newDirectory = 'new';
const partialDirectory = 'partial';
/** After which a download that nobody went on with is given up. */
const partialMs = 7 * 24 * 3_600_000;
const lockPollMs = 100;
/** A lock that was not renewed for this long belongs to a dead process; compiling Solidity blocks for seconds. */
const lockStaleMs = 60_000;

export class ArtifactCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  /** Files whose digests this process has checked, by entry. */
  readonly #checked = new Map<string, Set<string>>();

  constructor(init: CacheInit) {
    this.#directory = init.directory;
    this.#maxBytes = init.maxBytes;
  }

  /**
   * Opens the entry of these inputs, making it first if it is missing or damaged. Of several processes that ask
   * for the same one, one makes it and the others wait.
   *
   * @param kind kebab-case name of what is kept
   * @param make writes the entry's files into a directory that exists and is empty
   * @param reads files that are going to be read: all unless given; a damaged one among the others is not noticed
   * @throws TesseraError `STORAGE_FAILED`, `ABORTED`, or what `make` throws; then nothing is left behind
   */
  async open(
    kind: string,
    inputs: CacheInputs,
    make: (directory: string) => Promise<void>,
    signal?: AbortSignal,
    reads?: readonly string[],
  ): Promise<OpenEntry> {
    const key = keyOf(kind, inputs);
    const path = join(this.#directory, kind, key);
    const unlock = await this.#lock(path, signal);
    let record: EntryRecord | undefined;
    let cached = true;
    let use: string;
    try {
      record = await this.#wholeRecord(path, reads, signal);
      if (record === undefined) {
        cached = false;
        record = await this.#make(path, make, signal);
      }
      use = join(`${path}.used`, `${process.pid}.${randomUUID()}`);
      await storing(async () => {
        await mkdir(`${path}.used`, { recursive: true });
        await writeFile(use, '');
        const now = new Date();
        await utimes(join(path, recordName), now, now);
      });
    } finally {
      await unlock();
    }
    const release = () => rm(use, { force: true });
    if (!cached) {
      try {
        await this.prune({ maxBytes: this.#maxBytes });
      } catch (error) {
        await release();
        throw error;
      }
    }
    return { key, path, cached, files: record.files, release };
  }

  /** Whether the entry of these inputs is there and whole: {@link open} would not make it. */
  async has(
    kind: string,
    inputs: CacheInputs,
    signal?: AbortSignal,
    reads?: readonly string[],
  ): Promise<boolean> {
    const path = join(this.#directory, kind, keyOf(kind, inputs));
    return (await this.#wholeRecord(path, reads, signal)) !== undefined;
  }

  /** {@link open}, `use`, release. */
  async with<T>(
    kind: string,
    inputs: CacheInputs,
    make: (directory: string) => Promise<void>,
    use: (entry: OpenEntry) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const entry = await this.open(kind, inputs, make, signal);
    try {
      return await use(entry);
    } finally {
      await entry.release();
    }
  }

  /** All entries, least recently used first. */
  async list(): Promise<CacheEntry[]> {
    const entries: CacheEntry[] = [];
    for (const kind of await names(this.#directory)) {
      if (kind === newDirectory || kind === partialDirectory) continue;
      for (const key of await names(join(this.#directory, kind))) {
        if (!/^[0-9a-f]{64}$/.test(key)) continue;
        const path = join(this.#directory, kind, key);
        const record = await readRecord(path);
        if (record === undefined) continue;
        const status = await stat(join(path, recordName)).catch(ifMissing);
        if (status === undefined) continue;
        const bytes = Object.values(record.files).reduce((sum, file) => sum + file.bytes, 0);
        entries.push({ kind, key, bytes, lastUsed: status.mtime, inUse: await isUsed(path) });
      }
    }
    return entries.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  }

  /**
   * Removes the least recently used entries until the rest fit, what interrupted processes left behind, and downloads
   * that nobody went on with for a week. Entries in use stay.
   *
   * @param options.keeps entries that stay too, whatever they take
   * @returns what was removed
   */
  async prune(options: { maxBytes: number; keeps?: (entry: CacheEntry) => boolean }): Promise<CacheEntry[]> {
    await this.#removeLeftovers();
    const entries = await this.list();
    let total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const removed: CacheEntry[] = [];
    for (const entry of entries) {
      if (total <= options.maxBytes) break;
      if (entry.inUse || options.keeps?.(entry)) continue;
      if (!(await this.#remove(join(this.#directory, entry.kind, entry.key)))) continue;
      total -= entry.bytes;
      removed.push(entry);
    }
    return removed;
  }

  /** Where a download whose bytes are to become an entry may grow over several runs. */
  partialFile(sha256: Hex32): string {
    return join(this.#directory, partialDirectory, sha256);
  }

  async #make(
    path: string,
    make: (directory: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<EntryRecord> {
    const directory = this.#newPath();
    try {
      await storing(() => mkdir(directory, { recursive: true, mode: 0o700 }));
      await storing(() => make(directory));
      const record = await storing(async () => {
        const made = await recordOf(directory, signal);
        await writeFile(join(directory, recordName), JSON.stringify(made));
        await rm(path, { recursive: true, force: true });
        await rename(directory, path);
        return made;
      });
      this.#checked.set(path, new Set(Object.keys(record.files)));
      return record;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * The entry's record where it is there with the bytes it was made with; the digests are checked once a process.
   *
   * @param reads files whose digests count; all unless given
   */
  async #wholeRecord(
    path: string,
    reads: readonly string[] | undefined,
    signal: AbortSignal | undefined,
  ): Promise<EntryRecord | undefined> {
    const record = await readRecord(path);
    if (record === undefined) return undefined;
    const checked = this.#checked.get(path) ?? new Set();
    for (const [name, expected] of Object.entries(record.files)) {
      const file = join(path, name);
      const status = await stat(file).catch(ifMissing);
      if (status?.size !== expected.bytes) return undefined;
      if (checked.has(name) || reads?.includes(name) === false) continue;
      if ((await storing(() => sha256File(file, signal))) !== expected.sha256) return undefined;
      checked.add(name);
    }
    this.#checked.set(path, checked);
    return record;
  }

  /** @returns whether it was removed: not when it is in use or being opened */
  async #remove(path: string): Promise<boolean> {
    const unlock = await tryLock(path);
    if (unlock === undefined) return false;
    const aside = this.#newPath();
    try {
      if (await isUsed(path)) return false;
      await storing(async () => {
        await mkdir(join(this.#directory, newDirectory), { recursive: true });
        await rename(path, aside);
        await rm(`${path}.used`, { recursive: true, force: true });
      });
      this.#checked.delete(path);
    } finally {
      await unlock();
    }
    await storing(() => rm(aside, { recursive: true, force: true }));
    return true;
  }

  async #removeLeftovers(): Promise<void> {
    const made = join(this.#directory, newDirectory);
    for (const name of await names(made)) {
      if (!isOfRunningProcess(name))
        await storing(() => rm(join(made, name), { recursive: true, force: true }));
    }
    const partial = join(this.#directory, partialDirectory);
    for (const name of await names(partial)) {
      const path = join(partial, name);
      const status = await stat(path).catch(ifMissing);
      if (status !== undefined && Date.now() - status.mtimeMs > partialMs) {
        await storing(() => rm(path, { force: true }));
      }
    }
  }

  #newPath(): string {
    return join(this.#directory, newDirectory, `${process.pid}.${randomUUID()}`);
  }

  async #lock(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
    await storing(() => mkdir(join(path, '..'), { recursive: true, mode: 0o700 }));
    for (;;) {
      throwIfAborted(signal);
      const unlock = await tryLock(path);
      if (unlock !== undefined) return unlock;
      await sleep(lockPollMs);
    }
  }
}

/** Digest of a kind and its inputs; the order of fields does not matter. */
function keyOf(kind: string, inputs: CacheInputs): Hex32 {
  return createHash('sha256').update(canonicalJson({ kind, inputs })).digest('hex');
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}

async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  try {
    return await storing(() =>
      lock(path, {
        realpath: false,
        stale: lockStaleMs,
        // Harmless: two makers write the same content aside, and the later rename wins.
        onCompromised: () => undefined,
      }),
    );
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ELOCKED') return undefined;
    throw error;
  }
}
