import { readFile } from 'node:fs/promises';

/** A file's bytes, or nothing where there is no such file; throws what else the system says, as it is. */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
