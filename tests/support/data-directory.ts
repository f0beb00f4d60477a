import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readSettings } from '../../node/cli/settings.ts';

/** Makes a data directory with this machine's provers and with a cache of its own. */
export async function dataDirectoryWithProvers(home: string): Promise<void> {
  const { directory } = readSettings(process.env);
  await mkdir(home);
  await symlink(directory.python, join(home, 'python'));
  await symlink(directory.groth16, join(home, 'groth16'));
}
