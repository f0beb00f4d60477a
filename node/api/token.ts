import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';

/** The local API's token: 32 random bytes in hexadecimal, in a file for its owner only; made where there is none. */
export async function loadOrCreateToken(path: string): Promise<string> {
  const present = await readToken(path);
  if (present !== undefined) {
    await chmod(path, 0o600);
    return present;
  }
  const token = randomBytes(32).toString('hex');
  await writeFileAtomic(path, `${token}\n`, { mode: 0o600 });
  return token;
}

/** The token in a file; `undefined` where there is none. */
export async function readToken(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
