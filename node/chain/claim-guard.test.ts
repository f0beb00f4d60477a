import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ClaimGuard } from './claim-guard.ts';
import { jsonFile } from './file-store.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-claim-guard-'));
  path = join(directory, 'failures.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const guard = () => new ClaimGuard(jsonFile(path));

it('counts every failure of segments that fail at the same time, and stops claiming until it is told that all is well', async () => {
  const one = guard();
  await Promise.all(['first', 'second', 'third'].map((reason) => one.failed(`claim of ${reason}`, reason)));
  await expect(guard().requireSound()).rejects.toMatchObject({
    code: 'CLAIM_REFUSED',
    message: expect.stringMatching(/first.*second.*third/s),
  });
  await guard().reset();
  await guard().requireSound();
});

it('counts a claim once, however often it fails', async () => {
  for (const reason of ['first', 'second', 'third']) await guard().failed('one', reason);
  await guard().requireSound();
  await guard().failed('another', 'fourth');
  await guard().requireSound();
  await guard().failed('a third', 'fifth');
  await expect(guard().requireSound()).rejects.toMatchObject({
    message: expect.stringMatching(/third.*fourth.*fifth/s),
  });
});

it.each(['no JSON', '{"failures":"many"}'])('says which file is damaged, and leaves it: %s', async (text) => {
  await writeFile(path, text);
  await expect(guard().requireSound()).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringContaining(path),
  });
  await expect(guard().failed('a claim', 'a reason')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(await readFile(path, 'utf8')).toBe(text);
});
