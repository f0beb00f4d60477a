import { copyFile, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactCache } from '../../artifacts/cache.ts';
import { sha256File } from '../../artifacts/digest.ts';
import { type DownloadOptions, download } from '../../artifacts/download.ts';
import { unreadable } from '../../given-file.ts';

/** An SRS file of one size, in place until it is released. */
export interface OpenSrs {
  path: string;
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
      return { path: join(entry.path, fileName), cached: entry.cached, release: entry.release };
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
        const path = join(entry.path, fileName);
        try {
          requireSize(location, await sizeOf(path), k);
        } catch (error) {
          await entry.release();
          throw error;
        }
        return { path, cached: entry.cached, release: entry.release };
      }
      requireSize(location, await sizeOf(location), k);
      const digest = await sha256File(location);
      if (digest !== sha256) {
        throw new TesseraError('SRS_INVALID', {
          message: `The SRS ${location} has the sha2-256 ${digest}, not ${sha256}`,
          remedy: 'Check the file and the digest.',
          details: { location, digest, expected: sha256 },
        });
      }
      return { path: location, cached: true, release: async () => undefined };
    },
  };
}

/**
 * An SRS file of a peer's, kept by its content. Keys made with it are held against those that are stated, so that a
 * wrong one spoils nothing but the peer's own job.
 *
 * @throws TesseraError `SRS_INVALID` for a file that is none of ezkl's
 */
export async function peerSrs(cache: ArtifactCache, path: string): Promise<OpenSrs> {
  await sizeOf(path);
  const sha256 = await sha256File(path);
  const entry = await cache.open('srs-peer', { sha256 }, (directory) =>
    copyFile(path, join(directory, fileName)),
  );
  return { path: join(entry.path, fileName), cached: entry.cached, release: entry.release };
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
