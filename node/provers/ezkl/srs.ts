import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { TesseraError } from '../../../protocol/errors.ts';
import type { ArtifactCache } from '../../artifacts/cache.ts';

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
 * An SRS from a file of exactly the circuits' size: a larger one would have to be converted (the Lagrange points
 * of each size are others), which ezkl does anew at every call and takes longer than proving.
 *
 * @param path checked already, see `obtainSrs`
 */
export function srsFile(path: string): SrsSource {
  return {
    async open(k) {
      const size = await sizeOf(path);
      if (size !== k) {
        throw new TesseraError('SRS_INVALID', {
          message: `The SRS ${path} is for k=${size}; the circuits have k=${k}`,
          remedy: `Give the file for k=${k}.`,
          details: { path, size, k },
        });
      }
      return { path, cached: true, release: async () => undefined };
    },
  };
}

/** The k that a file in halo2's format states, held against its length. */
async function sizeOf(path: string): Promise<number> {
  const file = await open(path).catch((cause: Error) => {
    throw new TesseraError('SRS_INVALID', {
      message: `The SRS ${path} cannot be read: ${cause.message}`,
      cause,
    });
  });
  try {
    const head = Buffer.alloc(4);
    const { bytesRead } = await file.read(head, 0, 4, 0);
    const k = bytesRead === 4 ? head.readUInt32LE() : 0;
    const { size } = await file.stat();
    if (k < 1 || k > 28 || size !== srsBytes(k)) {
      throw new TesseraError('SRS_INVALID', {
        message: `The SRS ${path} is not in ezkl's format: it states k=${k} and has ${size} bytes`,
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
