import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Draft } from '../draft.ts';
import { withFileSource } from './byte-source.ts';
import { decodeModel } from './decode.ts';
import { readSkeleton } from './skeleton.ts';

/** A model as its file states it, and the files that it was read from. */
export interface ReadModel {
  draft: Draft;
  /** The model file first, then its external data files ordered by location name. */
  files: readonly string[];
}

/**
 * Reads an ONNX file of any size. Weights of 16 KiB and more stay in their files.
 * @throws TesseraError MODEL_UNREADABLE or MODEL_INVALID, naming the file.
 */
export function readModel(path: string): ReadModel {
  const external = new Map<string, string>();
  const files = { model: path, external };
  const draft = decodeModel(withFileSource(path, readSkeleton), files);
  const locations = [...external.keys()].sort();
  return {
    draft,
    files: [path, ...new Set(locations.map((location) => external.get(location) ?? location))],
  };
}

/**
 * SHA-256 over the concatenation of files, in hex. For a model without external data it is the digest of
 * its file.
 */
export async function digestFiles(files: readonly string[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    await pipeline(
      createReadStream(file, { highWaterMark: 1 << 20 }),
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) hash.update(chunk);
      },
      { ...(signal && { signal }) },
    );
  }
  return hash.digest('hex');
}
