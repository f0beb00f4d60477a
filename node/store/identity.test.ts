import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backUpIdentity, loadOrCreateIdentity, readIdentity, restoreIdentity } from './identity.ts';

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tessera-identity-'));
  path = join(root, 'identity.json');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('an identity', () => {
  it('is made once, for its owner only', async () => {
    const { peerId } = await loadOrCreateIdentity(path);
    expect((await loadOrCreateIdentity(path)).peerId).toBe(peerId);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o644);
    await expect(loadOrCreateIdentity(path)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
  });

  it('is taken from a backup, and each one that was replaced stays beside', async () => {
    const places = ['one', 'two', 'three'].map((name) => join(root, `${name}.json`));
    const identities = await Promise.all(places.map((place) => loadOrCreateIdentity(place)));
    const [one, two, three] = identities.map(({ peerId }) => peerId);
    for (const place of places) await restoreIdentity(path, place, true);
    expect((await readIdentity(path)).peerId).toBe(three);
    for (const earlier of [one, two]) {
      expect((await readIdentity(`${path}.${earlier}`)).peerId).toBe(earlier);
    }
    expect(await readdir(root)).toHaveLength(places.length + 3);
  });

  it('is replaced only where that is asked for', async () => {
    const { peerId } = await loadOrCreateIdentity(path);
    const other = join(root, 'other.json');
    await loadOrCreateIdentity(other);
    await expect(restoreIdentity(path, other, false)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
    expect((await readIdentity(path)).peerId).toBe(peerId);
  });

  it('is never written over by a backup, nor read from what is none', async () => {
    await loadOrCreateIdentity(path);
    const other = join(root, 'other.json');
    await writeFile(other, '{}', { mode: 0o600 });
    await expect(backUpIdentity(path, other)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(restoreIdentity(path, other, true)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
    await expect(readIdentity(other)).rejects.toMatchObject({ code: 'IDENTITY_INVALID' });
  });
});
