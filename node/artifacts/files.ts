import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { CID } from 'multiformats/cid';
import { TesseraError } from '../../protocol/errors.ts';
import { sizeOfGiven } from '../files/given-file.ts';
import { ifMissing, storing } from './storage-error.ts';
import { type Artifact, type ArtifactStore, cidOf, type KeepOptions } from './store/index.ts';

export interface FileOptions {
  signal?: AbortSignal;
  /** In bytes. */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Adds a file to the store. One that is larger than all of the store drops nothing to make room.
 *
 * @throws TesseraError `STORAGE_FAILED` when the file cannot be read or the store has no room, `ABORTED`
 */
export async function addFile(
  store: ArtifactStore,
  path: string,
  { onProgress, ...options }: FileOptions & KeepOptions = {},
): Promise<Artifact> {
  return naming(async () => {
    const size = await sizeOfGiven(path);
    if (size > store.maxBytes) {
      throw new TesseraError('STORAGE_FAILED', {
        message: `${path} has ${size} bytes, and all artifacts together may take ${store.maxBytes}`,
        remedy: 'Raise the limit: the setting artifactSpace.',
        details: { bytes: size, maxBytes: store.maxBytes },
      });
    }
    return store.add(createReadStream(path, { highWaterMark: 2 ** 20 }), {
      ...options,
      onProgress: (bytes) => onProgress?.(bytes, size),
    });
  });
}

/**
 * Refuses a path for an artifact where a file is that is anything else.
 *
 * @throws TesseraError `USAGE`, `STORAGE_FAILED`, `ABORTED`
 */
export async function requireSavePlace(
  cid: CID,
  path: string,
  { signal }: Pick<FileOptions, 'signal'> = {},
): Promise<void> {
  await naming(async () => {
    const found = await stat(path).catch(ifMissing);
    if (found === undefined) return;
    if (found.isFile()) {
      const options = { highWaterMark: 2 ** 20, ...(signal === undefined ? {} : { signal }) };
      const held = await cidOf(createReadStream(path, options));
      if (held.equals(cid)) return;
    }
    throw new TesseraError('USAGE', {
      message: `${path} is there already, and is not this artifact: nothing else is replaced`,
      remedy: found.isFile()
        ? 'Choose another name for --out, or remove the file.'
        : 'Choose another name for --out.',
      details: { path },
    });
  });
}

/**
 * Writes an artifact of the store into a file, which is there only when it is whole.
 *
 * @throws TesseraError `ARTIFACT_MISSING` when it is not in the store whole, `STORAGE_FAILED`, `ABORTED`
 */
export async function saveFile(
  store: ArtifactStore,
  cid: CID,
  path: string,
  { signal }: FileOptions = {},
): Promise<void> {
  const part = `${path}.part`;
  await naming(async () => {
    try {
      await pipeline(store.get(cid, signal === undefined ? {} : { signal }), createWriteStream(part));
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  });
}

/** What the system says of a path that a person gave, as an error that tells what to do. */
async function naming<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await storing(act);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new TesseraError('STORAGE_FAILED', {
      message: error.message,
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  }
}
