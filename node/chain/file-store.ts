import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from 'viem';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { readIfPresent } from '../files/read-if-present.ts';
import { maxProofArtifactBytes } from './proof-artifact.ts';

/** Proof artifacts that were submitted by their hash: they must be had until nobody can challenge them any more. */
export interface ProofArtifacts {
  /** @returns nothing where it cannot be had */
  get(digest: Hex32): Promise<Uint8Array | undefined>;
  /**
   * Keeps it; it is on disk when this returns.
   *
   * @throws TesseraError `ENCODING_INVALID` for what no transaction could bring to the chain
   */
  put(bytes: Uint8Array): Promise<Hex32>;
}

/** Proof artifacts in a directory, by their sha2-256. */
export function proofDirectory(directory: string): ProofArtifacts {
  const pathOf = (digest: Hex32) => join(directory, `${digest}.proof`);
  return {
    async get(digest) {
      const bytes = await readIfPresent(pathOf(digest));
      // A damaged file is as good as none.
      return bytes !== undefined && sha256(bytes) === `0x${digest}` ? bytes : undefined;
    },
    async put(bytes) {
      if (bytes.length > maxProofArtifactBytes) {
        throw new TesseraError('ENCODING_INVALID', {
          message: `A proof of ${bytes.length} bytes is not submitted by its hash: a challenge could not be answered above ${maxProofArtifactBytes}`,
          remedy: 'Claim segments with fewer public values.',
          details: { bytes: bytes.length, most: maxProofArtifactBytes },
        });
      }
      const digest = sha256(bytes).slice(2);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(pathOf(digest), Buffer.from(bytes), { mode: 0o600 });
      return digest;
    },
  };
}

/** One JSON value in a file. */
export interface JsonFile {
  /**
   * @returns nothing where there is no file
   * @throws TesseraError `STORAGE_FAILED` when it is not of the schema; it is left as it is
   */
  load<T>(schema: z.ZodType<T>): Promise<T | undefined>;
  save(value: unknown): Promise<void>;
  /** Removes the file, where there is one. */
  remove(): Promise<void>;
}

/** A file that is written whole or not at all, for its owner only. */
export function jsonFile(path: string): JsonFile {
  return {
    async load(schema) {
      const bytes = await readIfPresent(path);
      if (bytes === undefined) return undefined;
      const parsed = schema.safeParse(parseJson(path, bytes));
      if (parsed.success) return parsed.data;
      throw damaged(path, z.prettifyError(parsed.error), parsed.error);
    },
    async save(value) {
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    },
    remove: () => rm(path, { force: true }),
  };
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function damaged(path: string, why: string, cause: unknown): TesseraError {
  return new TesseraError('STORAGE_FAILED', {
    message: `${path} is damaged: ${why}`,
    remedy:
      'Remove it, or move it away: what it says is made again, or asked for. See first whether a job of yours is posted (tessera jobs).',
    details: { path },
    cause,
  });
}
