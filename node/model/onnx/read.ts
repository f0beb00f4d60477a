import { createHash } from 'node:crypto';
import { sha256File } from '../../artifacts/digest.ts';
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
 * The digest of a model's files, in hex, as the manifest's recipe keeps it: SHA-256 of the one file or, with
 * external data, SHA-256 of the files' SHA-256 digests in order.
 */
export async function digestFiles(files: readonly string[], signal?: AbortSignal): Promise<string> {
  const digests: string[] = [];
  for (const file of files) digests.push(await sha256File(file, signal));
  const [only, ...others] = digests;
  if (only !== undefined && others.length === 0) return only;
  return createHash('sha256')
    .update(Buffer.from(digests.join(''), 'hex'))
    .digest('hex');
}
