import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { readIfPresent } from '../files/read-if-present.ts';

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
  const text = (await readIfPresent(path))?.toString().trim();
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}
