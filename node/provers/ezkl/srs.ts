import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import { sha256File } from '../../artifacts/digest.ts';
import { type DownloadOptions, download } from '../../artifacts/download.ts';
import { unreadable } from '../../files/given-file.ts';

/** An SRS file of one size, in place until it is released. */
export interface OpenSrs {
  path: string;
  /** As it was when the file was checked: once a process. */
  sha256: Hex32;
  cached: boolean;
  release(): Promise<void>;
}

/** Where the SRS of a size comes from. */
export interface SrsSource {
  /**
   * @param generate writes a development SRS of size k to a path
   * @throws TesseraError `SRS_INVALID` when the source has none of this size
   */
  open(k: number, generate: (path: string) => Promise<void>, signal?: AbortSignal): Promise<OpenSrs>;
}

const fileName = 'kzg.srs';
/** Largest size that is read. */
const maxK = 24;

/**
 * SRSs made on this machine, one a size, kept in the cache. Whoever made one can forge proofs under it, so nothing
 * that rests on it convinces anybody else.
 */
export function developmentSrs(cache: ArtifactCache): SrsSource {
  return {
    async open(k, generate, signal) {
      const entry = await cache.open(
        'srs-development',
        { k },
        (directory) => generate(join(directory, fileName)),
        signal,
      );
      return openedSrs(entry);
    },
  };
}

/**
 * A published SRS: the file at a path or an http(s) address that has this digest, of exactly the circuits' size.
 * A larger one would have to be converted (the Lagrange points of each size are others), which ezkl does anew at
 * every call and which takes longer than proving.
 *
 * @param location path, or address that is fetched once into the cache
 * @param sha256 of the file
 */
export function publishedSrs(
  cache: ArtifactCache,
  location: string,
  sha256: Hex32,
  onProgress?: DownloadOptions['onProgress'],
): SrsSource {
  const remote = /^https?:/.test(location);
  /** Of the file whose digest was found right: it has gigabytes, and is opened for every segment. */
  let checked: string | undefined;
  return {
    async open(k, _generate, signal) {
      if (remote) {
        const options = { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
        const entry = await cache.open(
          'srs',
          { sha256 },
          async (directory) => {
            const partial = cache.partialFile(sha256);
            await download(location, partial, sha256, srsBytes(maxK), options);
            await rename(partial, join(directory, fileName));
          },
          signal,
        );
        const srs = await openedSrs(entry);
        try {
          requireSize(location, await sizeOf(srs.path), k);
          requireDigest(location, srs.sha256, sha256);
        } catch (error) {
          await srs.release();
          throw error;
        }
        return srs;
      }
      requireSize(location, await sizeOf(location), k);
      const state = await stateOf(location);
      if (state !== checked) {
        requireDigest(location, await sha256File(location, signal), sha256);
        checked = state;
      }
      return { path: location, sha256, cached: true, release: async () => undefined };
    },
  };
}

/**
 * An SRS file of a peer's, kept by its content. Keys made with it are held against those that are stated, so that a
 * wrong one spoils nothing but the peer's own job.
 *
 * @throws TesseraError `SRS_INVALID` for a file that is none of ezkl's or changes meanwhile, or `ABORTED`
 */
export async function peerSrs(cache: ArtifactCache, path: string, signal?: AbortSignal): Promise<OpenSrs> {
  await sizeOf(path);
  const sha256 = await sha256File(path, signal);
  const entry = await cache.open(
    'srs-peer',
    { sha256 },
    (directory) => copy(path, join(directory, fileName), signal),
    signal,
  );
  const srs = await openedSrs(entry);
  try {
    requireDigest(path, srs.sha256, sha256);
  } catch (error) {
    await srs.release();
    throw error;
  }
  return srs;
}

/** The SRS of an entry, whose record has its digest. */
async function openedSrs({ path, files, cached, release }: OpenEntry): Promise<OpenSrs> {
  const file = files[fileName];
  if (file === undefined) {
    await release();
    throw new TesseraError('SRS_INVALID', {
      message: `The cache has an SRS without its file, in ${path}`,
      remedy: 'Remove that directory: it is made again.',
    });
  }
  return { path: join(path, fileName), sha256: file.sha256, cached, release };
}

/** Copies a file that may have gigabytes. */
async function copy(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  const source = createReadStream(from, { highWaterMark: 2 ** 20 });
  try {
    await pipeline(source, createWriteStream(to), signal ? { signal } : {});
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}

/** What changes whenever a file does. */
async function stateOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function requireDigest(location: string, digest: Hex32, expected: Hex32): void {
  if (digest === expected) return;
  throw new TesseraError('SRS_INVALID', {
    message: `The SRS ${location} has the sha2-256 ${digest}, not ${expected}`,
    remedy: 'Check the file and the digest.',
    details: { location, digest, expected },
  });
}

function requireSize(location: string, size: number, k: number): void {
  if (size === k) return;
  throw new TesseraError('SRS_INVALID', {
    message: `The SRS ${location} is for k=${size}; the circuits have k=${k}`,
    remedy: `Give the file for k=${k}.`,
    details: { location, size, k },
  });
}

/** The k that a file in halo2's format states, held against its length. */
async function sizeOf(path: string): Promise<number> {
  const file = await open(path).catch((cause: Error) => {
    throw unreadable(path, cause, { what: 'The SRS', code: 'SRS_INVALID' });
  });
  try {
    const head = Buffer.alloc(4);
    const { bytesRead } = await file.read(head, 0, 4, 0);
    const k = bytesRead === 4 ? head.readUInt32LE() : 0;
    const { size } = await file.stat();
    if (k < 1 || k > maxK || size !== srsBytes(k)) {
      throw new TesseraError('SRS_INVALID', {
        message: `The SRS ${path} is not in ezkl's format: it states k=${k} and has ${size} bytes`,
        remedy: "Give a file in ezkl's format, of exactly the circuits' size.",
        details: { path, k, size },
      });
    }
    return k;
  } finally {
    await file.close();
  }
}

/** Bytes of an SRS file: k, 2^k powers and as many Lagrange points of 64 bytes, and two points of 128. */
export function srsBytes(k: number): number {
  return 4 + 2 * 64 * 2 ** k + 2 * 128;
}
