import type { Libp2p, PeerId, PeerInfo } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';

export interface ConnectionKeeperInit {
  /** Started: see {@link ConnectionKeeper.start}. */
  libp2p: Libp2p;
  /** Multiaddrs of peers to stay connected to. */
  bootstrap: readonly string[];
  /** Fewer connected peers than these and the node looks for more; 8 by default. */
  minPeers?: number;
  /** Milliseconds between two looks; 5 s by default. */
  interval?: number;
  onFailure: (error: unknown, target: string) => void;
}

/** Milliseconds. */
const dialTimeout = 5_000;

/**
 * Keeps a node in the network: dials whom it discovers, returns to its bootstrap nodes however long they were away,
 * and, when it has too few peers, tries those it knows from before. A network so outlives its bootstrap nodes.
 */
export class ConnectionKeeper {
  readonly #init: Required<ConnectionKeeperInit>;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(init: ConnectionKeeperInit) {
    this.#init = { minPeers: 8, interval: 5_000, ...init };
  }

  /** Joins the network. Not before libp2p has started: a peer that is met earlier stays unknown to the DHT and gossip. */
  start(): void {
    const { libp2p, interval } = this.#init;
    libp2p.addEventListener('peer:discovery', this.#onDiscovery);
    this.#timer = setInterval(() => void this.#look(), interval);
    void this.#look();
  }

  stop(): void {
    this.#init.libp2p.removeEventListener('peer:discovery', this.#onDiscovery);
    clearInterval(this.#timer);
    this.#stopped.abort(new Error('the node stops'));
  }

  readonly #onDiscovery = ({ detail }: CustomEvent<PeerInfo>): void => {
    if (this.#needsPeers()) void this.#dial(detail.id);
  };

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await Promise.all(this.#init.bootstrap.map((address) => this.#dial(multiaddr(address))));
      if (this.#needsPeers()) await this.#dialKnown();
    } finally {
      this.#looking = false;
    }
  }

  async #dialKnown(): Promise<void> {
    const { libp2p, minPeers } = this.#init;
    const known = await libp2p.peerStore.all({ limit: 16 * minPeers });
    const absent = known.filter(({ id, addresses }) => addresses.length > 0 && !this.#isConnected(id));
    await Promise.all(sample(absent, minPeers).map(({ id }) => this.#dial(id)));
  }

  async #dial(target: PeerId | Multiaddr): Promise<void> {
    const { libp2p, onFailure } = this.#init;
    try {
      // libp2p gives back the connection that there is, if there is one.
      // With a signal of our own libp2p sets no limit, and a handshake that hangs would keep us from trying again.
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(dialTimeout)]);
      await libp2p.dial(target, { signal });
    } catch (error) {
      if (!this.#stopped.signal.aborted) onFailure(error, target.toString());
    }
  }

  #needsPeers(): boolean {
    return this.#init.libp2p.getPeers().length < this.#init.minPeers;
  }

  #isConnected(peer: PeerId): boolean {
    return this.#init.libp2p.getConnections(peer).length > 0;
  }
}

/** Up to `count` of the items, chosen at random. */
function sample<T>(items: readonly T[], count: number): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ item }) => item);
}
