import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The proof system's release that the worker is built with (worker/go.mod). */
export const gnarkVersion = '0.14.0';

/** Where the worker's Go module lies. */
export const workerSources = fileURLToPath(new URL('./worker', import.meta.url));

/** The worker's binary for the sources as they are, built or not. */
export async function workerPath(folder: string): Promise<string> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(folder, `groth16-${(await sourceDigest()).slice(0, 16)}${suffix}`);
}

/** sha2-256 over the names and contents of all that the worker is built from. */
async function sourceDigest(): Promise<string> {
  const names = (await readdir(workerSources)).filter(
    (name) => name === 'go.mod' || name === 'go.sum' || (name.endsWith('.go') && !name.endsWith('_test.go')),
  );
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    const content = await readFile(join(workerSources, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
