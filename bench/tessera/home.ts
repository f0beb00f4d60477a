import { mkdtemp, readdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dataDirectory, type PartsInit } from '../../node/setup/index.ts';

/**
 * A new data directory with what setup installed, by links, and an empty cache: whatever is proven there starts from
 * nothing.
 *
 * @param installation what setup made
 * @returns the same installation at the new place
 */
export async function freshHome(installation: PartsInit, scratch: string): Promise<PartsInit> {
  const home = await mkdtemp(join(scratch, 'home-'));
  const { root, cache } = installation.directory;
  for (const entry of await readdir(root)) {
    if (entry !== basename(cache)) await symlink(join(root, entry), join(home, entry));
  }
  return { ...installation, directory: dataDirectory(home) };
}
