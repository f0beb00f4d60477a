import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readGiven, sizeOfGiven, unreadable } from './given-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-given-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([readGiven, sizeOfGiven])('%o tells a missing file from a directory', async (read) => {
  const missing = join(folder, 'nope.json');
  await expect(read(missing, { what: 'The input' })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: `The input ${missing} does not exist`,
  });
  await expect(read(folder)).rejects.toMatchObject({
    message: `The file ${folder} is a directory`,
    remedy: 'Name a file.',
  });
});

it('tells a missing permission, and says of anything else what the system does', () => {
  const refusal = (code: string, message: string) =>
    unreadable('x', Object.assign(new Error(message), { code }), { code: 'SRS_INVALID' });
  expect(refusal('EACCES', "EACCES: permission denied, open 'x'")).toMatchObject({
    code: 'SRS_INVALID',
    message: 'The file x may not be read by this user',
  });
  expect(refusal('EIO', 'EIO: i/o error, read').message).toBe('The file x cannot be read: EIO: i/o error');
});
