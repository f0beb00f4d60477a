import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from 'viem';
import writeFileAtomic from 'write-file-atomic';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';

/**
 * Bytes of the largest proof artifact. A challenge is answered by a transaction with all of it, and nodes pass on none
 * above 128 KiB; the adapters register no circuit with longer proofs. So an artifact is one block of the artifacts' store,
 * and whoever knows its digest knows its CID.
 */
export const maxProofArtifactBytes = 2 ** 17;

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
      const bytes = await readOptional(pathOf(digest));
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
  /** @returns nothing where there is no file */
  load(): Promise<unknown>;
  save(value: unknown): Promise<void>;
  /** Removes the file, where there is one. */
  remove(): Promise<void>;
}

/**
 * A file that is written whole or not at all, for its owner only.
 *
 * @throws TesseraError `STORAGE_FAILED` when it is read and is no JSON; it is left as it is
 */
export function jsonFile(path: string): JsonFile {
  return {
    async load() {
      const bytes = await readOptional(path);
      return bytes === undefined ? undefined : parse(path, bytes);
    },
    async save(value) {
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    },
    remove: () => rm(path, { force: true }),
  };
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `${path} is damaged: ${cause instanceof Error ? cause.message : cause}`,
      remedy: 'Remove it, or move it away: what it says is made again, or asked for.',
      details: { path },
      cause,
    });
  }
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
