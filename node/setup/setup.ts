import { mkdir } from 'node:fs/promises';
import { lock } from 'proper-lockfile';
import { TesseraError } from '../../protocol/errors.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Part } from './part.ts';

export interface SetupOptions {
  directory: DataDirectory;
  parts: readonly Part[];
  signal?: AbortSignal;
  onProgress?: (part: string, step: string) => void;
}

/** What became of one part. */
export type SetupOutcome =
  | { name: string; outcome: 'present' | 'installed' | 'left out' }
  | { name: string; outcome: 'failed'; error: TesseraError };

/**
 * Installs what is missing, one part after the other; a part that fails does not stop the others.
 * Two processes that set up the same directory wait for one another.
 * @throws TesseraError `STORAGE_FAILED` when the data directory cannot be written.
 */
export async function setup({ directory, parts, signal, onProgress }: SetupOptions): Promise<SetupOutcome[]> {
  const release = await lockDirectory(directory.root);
  try {
    const outcomes: SetupOutcome[] = [];
    for (const part of parts) {
      signal?.throwIfAborted();
      outcomes.push(await setUpPart(part, signal, (step) => onProgress?.(part.name, step)));
    }
    return outcomes;
  } finally {
    await release();
  }
}

async function setUpPart(
  part: Part,
  signal: AbortSignal | undefined,
  onProgress: (step: string) => void,
): Promise<SetupOutcome> {
  const { name } = part;
  const { state } = await part.check(signal);
  if (state !== 'missing') return { name, outcome: state };
  try {
    await part.install({ onProgress, ...(signal ? { signal } : {}) });
    return { name, outcome: 'installed' };
  } catch (error) {
    if (error instanceof TesseraError) return { name, outcome: 'failed', error };
    throw error;
  }
}

async function lockDirectory(root: string): Promise<() => Promise<void>> {
  try {
    await mkdir(root, { recursive: true });
    return await lock(root, {
      lockfilePath: `${root}/setup.lock`,
      stale: 30_000,
      retries: { retries: 600, factor: 1, minTimeout: 1_000 },
    });
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The data directory ${root} cannot be used: ${(cause as Error).message}`,
      remedy: 'Make it writable, or name another one in TESSERA_HOME.',
      cause,
    });
  }
}
