import { generateKeyPair } from '@libp2p/crypto/keys';
import { MemoryDatastore } from 'datastore-core';
import type { Datastore, Pair, Query } from 'interface-datastore';
import { expect, it, onTestFinished } from 'vitest';
import { ConnectionKeeper } from './connection-keeper.ts';
import { createLibp2pNode, type Libp2pNode } from './libp2p.ts';

/** A disk that cannot be read while it is `broken`. */
class BreakableDatastore extends MemoryDatastore {
  broken = false;

  override async *query(query: Query): AsyncGenerator<Pair> {
    if (this.broken) throw new Error('the disk is broken');
    yield* super.query(query);
  }
}

async function start(datastore: Datastore = new MemoryDatastore()): Promise<Libp2pNode> {
  const node = await createLibp2pNode({
    privateKey: await generateKeyPair('Ed25519'),
    datastore,
    listen: ['/ip4/127.0.0.1/tcp/0'],
  });
  onTestFinished(() => node.stop());
  return node;
}

it('goes on looking for peers when those known from before cannot be read, and finds them when they can', async () => {
  const datastore = new BreakableDatastore();
  const [known, libp2p] = await Promise.all([start(), start(datastore)]);
  await libp2p.peerStore.merge(known.peerId, { multiaddrs: known.getMultiaddrs() });
  datastore.broken = true;
  const failures: unknown[] = [];
  const keeper = new ConnectionKeeper({
    libp2p,
    bootstrap: [],
    interval: 20,
    onFailure: (error) => failures.push(error),
  });
  keeper.start();
  onTestFinished(() => keeper.stop());
  await expect.poll(() => failures.length).toBeGreaterThan(1);
  expect(libp2p.getPeers()).toEqual([]);
  datastore.broken = false;
  await expect.poll(() => libp2p.getPeers()).toEqual([known.peerId]);
});

it('says which bootstrap nodes it cannot reach, and why', async () => {
  const [there, absent, libp2p] = await Promise.all([start(), start(), start()]);
  const [[good = ''], [bad = '']] = [there, absent].map((node) => node.getMultiaddrs().map(String)) as [
    string[],
    string[],
  ];
  await absent.stop();
  const keeper = new ConnectionKeeper({ libp2p, bootstrap: [good, bad], interval: 20, onFailure: () => {} });
  expect(keeper.reach).toEqual({ peers: 0, bootstrap: [{ address: good }, { address: bad }] });
  keeper.start();
  onTestFinished(() => keeper.stop());
  await expect.poll(() => keeper.reach.bootstrap[1]?.failure, { timeout: 5_000 }).toMatch(/ECONNREFUSED/);
  await expect.poll(() => keeper.reach.peers).toBe(1);
  expect(keeper.reach.bootstrap[0]).toEqual({ address: good });
});
