import { lstat, rm, rmdir } from 'node:fs/promises';
import { contents, type DataDirectory } from './data-directory.ts';

export interface Removable {
  path: string;
  what: string;
}

/** What of the program's own lies in the data directory. */
export async function removable(directory: DataDirectory): Promise<Removable[]> {
  const found: Removable[] = [];
  for (const entry of contents(directory)) {
    if (await exists(entry.path)) found.push(entry);
  }
  return found;
}

/**
 * Removes the given entries, then the data directory if nothing of the user's is left in it.
 * A symbolic link is removed itself; what it points to stays.
 */
export async function uninstall(directory: DataDirectory, entries: readonly Removable[]): Promise<void> {
  for (const { path } of entries) await rm(path, { recursive: true, force: true });
  try {
    await rmdir(directory.root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
