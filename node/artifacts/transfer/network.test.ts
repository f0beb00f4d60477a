import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeUnless } from '../../../tests/support/describe-unless.ts';
import { missingForMounts, missingForNetworks, ownMounts } from '../../../tests/support/namespaces.ts';
import { SplitNetwork } from '../../network/testing/split-network.ts';
import type { TestPeerInit } from './testing/peer.ts';
import { type Contact, PeerProcess } from './testing/peer-client.ts';

const MiB = 2 ** 20;
const maxBytes = 2 ** 30;

let directory: string;
let processes: PeerProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'artifact-network-'));
  processes = [];
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await rm(directory, { recursive: true, force: true });
});

async function start(
  init: Partial<TestPeerInit> = {},
  wrap: readonly string[] = [],
): Promise<{ peer: PeerProcess; contact: Contact }> {
  const peer = new PeerProcess({ wrap });
  processes.push(peer);
  const contact = await peer.ask('start', { directory: await mkdtemp(join(directory, 'peer-')), ...init });
  return { peer, contact };
}

/** Slow enough that something can happen in the middle. */
const slowly = { server: { bytesPerSecondPerPeer: 16 * MiB } };

describe('between processes', () => {
  it('an artifact is found and fetched by its CID alone', async () => {
    const bootstrap = await start();
    const joining = { bootstrap: bootstrap.contact.multiaddrs };
    const [provider, fetcher] = await Promise.all([start(joining), start(joining)]);
    const artifact = await provider.peer.ask('add', { seed: 1, bytes: 5 * MiB });
    await provider.peer.ask('told', artifact);
    const fetched = await fetcher.peer.ask('fetch', { cid: artifact.cid, maxBytes });
    expect(fetched).toMatchObject({ sha256: artifact.sha256, bytes: 5 * MiB });
    expect(await fetcher.peer.ask('read', artifact)).toBe(5 * MiB);

    // Who fetched it offers it too: the first provider is no longer needed.
    await fetcher.peer.ask('told', artifact);
    await provider.peer.kill();
    expect(await bootstrap.peer.ask('fetch', { cid: artifact.cid, maxBytes })).toMatchObject({
      sha256: artifact.sha256,
    });
  });

  it('another provider takes over from one that is killed, and sends only what is missing', async () => {
    const bootstrap = await start();
    const joining = { bootstrap: bootstrap.contact.multiaddrs };
    const searching = { download: { searchPausesMs: Array<number>(100).fill(500) } };
    const [doomed, fetcher] = await Promise.all([
      start({ ...joining, options: slowly }),
      start({ ...joining, options: searching }),
    ]);
    const artifact = await doomed.peer.ask('add', { seed: 2, bytes: 16 * MiB });
    const fetched = fetcher.peer.ask('fetch', { ...artifact, maxBytes, providers: [doomed.contact] });
    await once(fetcher.peer.events, 'began');
    await doomed.peer.kill();
    // It comes when the fetch has nobody left, and is found by the CID.
    const heir = await start(joining);
    await heir.peer.ask('add', { seed: 2, bytes: 16 * MiB });
    expect(await fetched).toMatchObject({ sha256: artifact.sha256, bytes: 16 * MiB });
    expect((await fetched).faults).toContain('broken');
    expect(await heir.peer.ask('bytesSent')).toBeLessThanOrEqual(15 * MiB + 1000);
  });

  it('a fetch whose process was killed goes on where it was', async () => {
    const provider = await start({ options: slowly });
    const artifact = await provider.peer.ask('add', { seed: 3, bytes: 16 * MiB });
    const request = { ...artifact, maxBytes, providers: [provider.contact] };
    const home = await mkdtemp(join(directory, 'home-'));
    const killed = await start({ directory: home });
    const fetching = killed.peer.ask('fetch', request);
    await once(killed.peer.events, 'began');
    await Promise.all([killed.peer.kill(), expect(fetching).rejects.toThrow('ended')]);

    const again = await start({ directory: home });
    const before = await provider.peer.ask('bytesSent');
    expect(await again.peer.ask('fetch', request)).toMatchObject({ sha256: artifact.sha256 });
    expect((await provider.peer.ask('bytesSent')) - before).toBeLessThanOrEqual(15 * MiB + 1000);
    expect(await again.peer.ask('read', artifact)).toBe(16 * MiB);
  });
});

describeUnless(missingForMounts, 'on a full disk', () => {
  it('a fetch says so, and goes on when there is room again', async () => {
    const provider = await start();
    const artifact = await provider.peer.ask('add', { seed: 4, bytes: 6 * MiB });
    const request = { ...artifact, maxBytes, providers: [provider.contact] };
    const home = join(directory, 'small');
    await mkdir(home);
    const peer = new PeerProcess({
      // A file system of 4 MiB in a mount namespace of the process's own.
      wrap: [...ownMounts, `mount -t tmpfs -o size=4m none "${home}"; exec "$0" "$@"`],
    });
    processes.push(peer);
    await peer.ask('start', { directory: home });
    await expect(peer.ask('fetch', request)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      remedy: expect.stringMatching(/[Ff]ree/),
    });
    await peer.ask('grow', { path: home, megabytes: 20 });
    const before = await provider.peer.ask('bytesSent');
    expect(await peer.ask('fetch', request)).toMatchObject({ sha256: artifact.sha256 });
    expect((await provider.peer.ask('bytesSent')) - before).toBeLessThanOrEqual(5 * MiB);
    expect(await peer.ask('read', artifact)).toBe(6 * MiB);
  });
});

describeUnless(missingForNetworks, 'over a network that is split', () => {
  it('a fetch waits, and goes on when it is healed', async () => {
    const network = await SplitNetwork.open();
    try {
      const provider = await start({ listen: network.listen('left'), options: slowly }, network.wrap('left'));
      const artifact = await provider.peer.ask('add', { seed: 5, bytes: 16 * MiB });
      const patiently = { download: { stallMs: 500, dialMs: 1_000, attempts: 1_000, retryMs: 1 } };
      const fetcher = await start(
        { listen: network.listen('right'), options: patiently },
        network.wrap('right'),
      );
      const fetched = fetcher.peer.ask('fetch', { ...artifact, maxBytes, providers: [provider.contact] });
      await once(fetcher.peer.events, 'began');
      await network.split();
      await once(fetcher.peer.events, 'fault');
      await network.heal();
      expect(await fetched).toMatchObject({ sha256: artifact.sha256, bytes: 16 * MiB });
      // What had come before the split was not fetched again.
      expect(await provider.peer.ask('bytesSent')).toBeLessThan(32 * MiB);
    } finally {
      await Promise.all(processes.map((process) => process.kill()));
      await network.close();
    }
  });
});
