/** One entry of the cache on disk: its files with the record of them, and who uses it; {@link cache.ts} has the layout. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../protocol/edge.ts';
import { sha256File } from './digest.ts';
import { ifMissing } from './storage-error.ts';

/** What is known of a file of an entry without reading it. */
export interface CachedFile {
  bytes: number;
  sha256: Hex32;
}

/** What an entry holds, as it was when it was made. */
export interface EntryRecord {
  files: Readonly<Record<string, CachedFile>>;
}

/** The record's file, among those that it is about. */
export const recordName = 'entry.json';

/**
 * The record of all files in a directory.
 *
 * @throws TesseraError `ABORTED`
 */
export async function recordOf(directory: string, signal?: AbortSignal): Promise<EntryRecord> {
  const files: Record<string, CachedFile> = {};
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    files[name] = { bytes: (await stat(path)).size, sha256: await sha256File(path, signal) };
  }
  return { files };
}

/** The record in an entry's directory; undefined where there is none, or a damaged one: the entry is made again then. */
export async function readRecord(path: string): Promise<EntryRecord | undefined> {
  const text = await readFile(join(path, recordName), 'utf8').catch(ifMissing);
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Partial<EntryRecord> | null;
    const files = record?.files;
    if (typeof files !== 'object' || files === null) return undefined;
    return Object.keys(files).every((name) => /^[\w.-]+$/.test(name)) ? { files } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a running process uses the entry. */
export async function isUsed(path: string): Promise<boolean> {
  return (await names(`${path}.used`)).some(isOfRunningProcess);
}

/** Whether the process runs that left a file or directory named PID.NONCE. */
export function isOfRunningProcess(name: string): boolean {
  try {
    process.kill(Number(name.split('.')[0]), 0);
    return true;
  } catch (error) {
    // Another user's process is there, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Names in a directory; none when it is missing. */
export async function names(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ifMissing)) ?? [];
}
