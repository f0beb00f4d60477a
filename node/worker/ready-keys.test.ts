import { expect, it, vi } from 'vitest';
import { artifactCid } from '../../protocol/ids.ts';
import type { SegmentRecipe } from '../../protocol/job/index.ts';
import type { FetchOptions } from '../job/artifact-access.ts';
import { fetchIsSooner, type KeyChoice, readyKeysFor } from './ready-keys.ts';

const choice: KeyChoice = { bytes: 400e6, bytesPerSecond: 100e6, setupSeconds: 10, spareDisk: 1e9 };

it.each<[string, Partial<KeyChoice>, boolean]>([
  ['keys that come sooner than they are made', {}, true],
  ['keys that come later', { bytesPerSecond: 12.5e6 }, false],
  ['keys that are made as soon', { setupSeconds: 4 }, false],
  ['keys that this machine cannot make', { bytesPerSecond: 1, setupSeconds: Number.POSITIVE_INFINITY }, true],
  ['keys whose two copies leave too little of the disk', { spareDisk: 799e6 }, false],
])('decides on %s', (_, change, sooner) => {
  expect(fetchIsSooner({ ...choice, ...change })).toBe(sooner);
});

const digest = 'ab'.repeat(32);
const recipe: SegmentRecipe = {
  prover: 'ezkl',
  params: '',
  inputs: [],
  outputs: [],
  readyKeys: { provingKey: { cid: artifactCid(digest).toString(), sha256: digest, bytes: 400e6 } },
};

function keysFor(change: Partial<KeyChoice> & { recipe?: SegmentRecipe } = {}) {
  const fetchFile = vi.fn(async (_cid: string, _path: string, _options: FetchOptions) => {});
  const { bytesPerSecond = 100e6, setupSeconds = 10, spareDisk = 1e9 } = change;
  const keys = readyKeysFor(
    { recipe: change.recipe ?? recipe },
    {
      artifacts: { fetchFile, bytesPerSecond },
      options: { announce: true, signal: new AbortController().signal },
      setupSeconds,
      spareDisk,
    },
  );
  return { keys, fetchFile };
}

it('gives none where making them is sooner, or nobody has them', () => {
  expect(keysFor({ bytesPerSecond: 1e6 }).keys).toBeUndefined();
  const { readyKeys: _, ...without } = recipe;
  expect(keysFor({ recipe: without }).keys).toBeUndefined();
});

it('holds what it fetches to the digest and the length that the assignment names', async () => {
  const { keys, fetchFile } = keysFor();
  expect(keys?.digests).toEqual({ provingKey: digest });
  expect(fetchFile).not.toHaveBeenCalled();
  expect(await keys?.fetch('provingKey', '/key')).toBe(true);
  expect(fetchFile).toHaveBeenCalledExactlyOnceWith(
    recipe.readyKeys?.provingKey?.cid,
    '/key',
    expect.objectContaining({ sha256: digest, maxBytes: 400e6, announce: true }),
  );
  expect(await keys?.fetch('constructor', '/other')).toBe(false);
});

it('gives a fetch up that takes longer than making the keys', async () => {
  const { keys, fetchFile } = keysFor({ setupSeconds: 0.001, bytesPerSecond: 1e15 });
  await keys?.fetch('provingKey', '/key');
  const signal = fetchFile.mock.calls[0]?.[2].signal;
  await expect.poll(() => signal?.aborted).toBe(true);
});
