import { generateKeyPair } from '@libp2p/crypto/keys';
import { MemoryDatastore } from 'datastore-core';
import { ConnectionKeeper } from '../../../network/connection-keeper.ts';
import { createLibp2pNode, type Libp2pNode } from '../../../network/libp2p.ts';
import { ArtifactStore } from '../../store/index.ts';
import { ArtifactExchange, type ArtifactExchangeOptions } from '../exchange.ts';
import { type ContentRouting, dhtRouting, type Provider } from '../routing.ts';

export interface TestPeerInit {
  directory: string;
  /** A multiaddr; a free port of loopback unless given. */
  listen?: string;
  /** Multiaddrs with peer ids. */
  bootstrap?: readonly string[];
  /** Limit of the store; 1 GiB unless given. */
  maxBytes?: number;
  options?: ArtifactExchangeOptions;
}

/** A real node on loopback that keeps and exchanges artifacts, and nothing else. */
export interface TestPeer {
  libp2p: Libp2pNode;
  store: ArtifactStore;
  exchange: ArtifactExchange;
  /** As others may name it. */
  provider: Provider;
  stop(): Promise<void>;
}

/** @param routing by its DHT unless given */
export async function startTestPeer(init: TestPeerInit, routing?: ContentRouting): Promise<TestPeer> {
  const libp2p = await createLibp2pNode({
    privateKey: await generateKeyPair('Ed25519'),
    datastore: new MemoryDatastore(),
    listen: [init.listen ?? '/ip4/127.0.0.1/tcp/0'],
    connectionsPerHost: 1000,
  });
  const keeper = new ConnectionKeeper({ libp2p, bootstrap: init.bootstrap ?? [], onFailure: () => {} });
  const store = await ArtifactStore.open({ directory: init.directory, maxBytes: init.maxBytes ?? 2 ** 30 });
  const exchange = new ArtifactExchange(init.options ?? {}, {
    store,
    libp2p,
    routing: routing ?? dhtRouting(libp2p),
  });
  await exchange.start();
  keeper.start();
  return {
    libp2p,
    store,
    exchange,
    provider: { peer: libp2p.peerId, multiaddrs: libp2p.getMultiaddrs() },
    stop: async () => {
      keeper.stop();
      await exchange.stop();
      await libp2p.stop();
    },
  };
}
