import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keystore } from 'ox';
import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKeystore } from './keystore.ts';

const secret = generatePrivateKey();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-keystore-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function written(keystore: unknown): Promise<string> {
  const path = join(directory, 'key.json');
  await writeFile(path, JSON.stringify(keystore));
  return path;
}

async function sample() {
  const [key, options] = await Keystore.scryptAsync({ password: 'correct', n: 1024 });
  return Keystore.encrypt(secret, key, options);
}

it('opens the account whose key was encrypted', async () => {
  const account = await openKeystore(await written(await sample()), 'correct');
  expect(account.address).toBe(privateKeyToAddress(secret));
});

it('refuses another password, and a file that would take the machine’s memory', async () => {
  const keystore = await sample();
  await expect(openKeystore(await written(keystore), 'wrong')).rejects.toMatchObject({
    code: 'KEYSTORE_INVALID',
    message: expect.stringContaining('password'),
  });
  const greedy = structuredClone(keystore);
  Object.assign(greedy.crypto.kdfparams, { n: 2 ** 28 });
  for (const bad of [greedy, { ...keystore, version: 1 }, [], 'key']) {
    await expect(openKeystore(await written(bad), 'correct')).rejects.toMatchObject({
      code: 'KEYSTORE_INVALID',
      message: expect.stringContaining('version 3'),
    });
  }
});
