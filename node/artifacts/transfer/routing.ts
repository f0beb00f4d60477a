import type { ContentRouting as Libp2pContentRouting, PeerId } from '@libp2p/interface';
import type { KadDHT } from '@libp2p/kad-dht';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { CID } from 'multiformats/cid';

/** A peer that may have an artifact. */
export interface Provider {
  peer: PeerId;
  /** Where it may be reached; empty where the node knows by itself. */
  multiaddrs: readonly Multiaddr[];
}

/** Says who has what, by CID alone. */
export interface ContentRouting {
  /**
   * Tells the network that this node has an artifact.
   *
   * @returns how many peers now know; 0 where none could be reached, and then it is worth trying again
   */
  provide(cid: CID, options?: { signal?: AbortSignal }): Promise<number>;
  /** No longer renews what was told; peers forget it by themselves. */
  withdraw(cid: CID): Promise<void>;
  /** Providers as they are found. */
  find(cid: CID, options?: { signal?: AbortSignal }): AsyncIterable<Provider>;
}

/** Content routing by a libp2p node's DHT. */
export function dhtRouting(libp2p: {
  contentRouting: Pick<Libp2pContentRouting, 'findProviders' | 'cancelReprovide'>;
  services: { dht: Pick<KadDHT, 'provide'> };
}): ContentRouting {
  return {
    async provide(cid, options) {
      let told = 0;
      for await (const event of libp2p.services.dht.provide(cid, options)) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told += 1;
      }
      return told;
    },
    withdraw: (cid) => libp2p.contentRouting.cancelReprovide(cid),
    async *find(cid, options) {
      for await (const { id, multiaddrs } of libp2p.contentRouting.findProviders(cid, options)) {
        yield { peer: id, multiaddrs };
      }
    },
  };
}
