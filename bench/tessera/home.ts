import { mkdtemp, readdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dataDirectory } from '../../node/setup/index.ts';

/**
 * A new data directory with what setup installed, by links, and an empty cache: whatever is proven there starts from
 * nothing.
 *
 * @param installed the data directory that setup made
 */
export async function freshHome(installed: string, scratch: string): Promise<string> {
  const home = await mkdtemp(join(scratch, 'home-'));
  const cache = basename(dataDirectory(installed).cache);
  for (const entry of await readdir(installed)) {
    if (entry !== cache) await symlink(join(installed, entry), join(home, entry));
  }
  return home;
}
