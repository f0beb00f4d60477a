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
