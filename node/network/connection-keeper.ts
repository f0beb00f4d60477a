import type { Connection, PeerId, PeerInfo } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { Libp2pNode } from './libp2p.ts';

export interface ConnectionKeeperInit {
  /** Started: see {@link ConnectionKeeper.start}. */
  libp2p: Libp2pNode;
  /** Multiaddrs of peers to stay connected to. */
  bootstrap: readonly string[];
  /** Fewer connected peers than these and the node looks for more; 8 by default. */
  minPeers?: number;
  /** Milliseconds between two looks; 5 s by default. */
  interval?: number;
  /** Gets what failed and will be tried again; @param target who could not be reached, or what could not be read */
  onFailure: (error: unknown, target: string) => void;
}

/** Whether this node is in the network at all. */
export interface Reach {
  /** Peers that are connected. */
  peers: number;
  /** Those that it was to join by, each with why it cannot be reached, once that is known. */
  bootstrap: readonly { address: string; failure?: string }[];
}

/** Milliseconds: a machine on which many nodes start at once takes seconds for a handshake. */
const dialTimeout = 15_000;

/** Milliseconds after which gossip should have heard of whoever is at the other end of a connection. */
const identifyingMs = 10_000;

/**
 * Keeps a node in the network: dials whom it discovers, returns to its bootstrap nodes however long they were away,
 * and, when it has too few peers, tries those it knows from before. A network so outlives its bootstrap nodes. It also
 * sees to it that whoever is connected is heard of.
 */
export class ConnectionKeeper {
  readonly #init: Required<ConnectionKeeperInit>;
  readonly #stopped = new AbortController();
  /** Why bootstrap nodes could not be reached when they were dialled last, by address. */
  readonly #failures = new Map<string, string>();
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

  get reach(): Reach {
    const { libp2p, bootstrap } = this.#init;
    return {
      peers: libp2p.getPeers().length,
      bootstrap: bootstrap.map((address) => {
        const failure = this.#failures.get(address);
        return failure === undefined ? { address } : { address, failure };
      }),
    };
  }

  readonly #onDiscovery = ({ detail }: CustomEvent<PeerInfo>): void => {
    if (this.#needsPeers()) void this.#dial(detail.id);
  };

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await Promise.all(this.#init.bootstrap.map((address) => this.#dialBootstrap(address)));
      this.#stopped.signal.throwIfAborted();
      if (this.#needsPeers()) await this.#dialKnown();
      await this.#identifyUnheard();
    } catch (error) {
      // The next look may do better: on a full disk what is known from before cannot be read.
      this.#report(error, 'peers known from before');
    } finally {
      this.#looking = false;
    }
  }

  async #dialBootstrap(address: string): Promise<void> {
    const error = await this.#dial(multiaddr(address));
    if (error === undefined) this.#failures.delete(address);
    else this.#failures.set(address, describeFailure(error));
  }

  async #dialKnown(): Promise<void> {
    const { libp2p, minPeers } = this.#init;
    const known = await libp2p.peerStore.all({ limit: 16 * minPeers });
    const absent = known.filter(({ id, addresses }) => addresses.length > 0 && !this.#isConnected(id));
    await Promise.all(sample(absent, minPeers).map(({ id }) => this.#dial(id)));
  }

  /** libp2p identifies a peer once: where that fails, the DHT and gossip never hear of it, however long it stays. */
  async #identifyUnheard(): Promise<void> {
    const { libp2p } = this.#init;
    const { identify, pubsub } = libp2p.services;
    const heard = new Set(pubsub.getPeers().map(String));
    const isUnheard = ({ remotePeer, limits, status, timeline }: Connection) =>
      limits === undefined &&
      status === 'open' &&
      Date.now() - timeline.open > identifyingMs &&
      !heard.has(remotePeer.toString());
    const unheard = libp2p.getConnections().filter(isUnheard);
    const identified = unheard.map(async (connection) => {
      try {
        await identify.identify(connection, { signal: this.#limited() });
      } catch (error) {
        this.#report(error, connection.remotePeer.toString());
      }
    });
    await Promise.all(identified);
  }

  /** @returns what it failed with, if it did */
  async #dial(target: PeerId | Multiaddr): Promise<unknown> {
    try {
      // libp2p gives back the connection that there is, if there is one.
      await this.#init.libp2p.dial(target, { signal: this.#limited() });
      return undefined;
    } catch (error) {
      this.#report(error, target.toString());
      return error;
    }
  }

  /** What fails because the node stops is nobody's concern. */
  #report(error: unknown, target: string): void {
    if (!this.#stopped.signal.aborted) this.#init.onFailure(error, target);
  }

  /** With a signal of our own libp2p sets no limit, and a handshake that hangs would keep us from trying again. */
  #limited(): AbortSignal {
    return AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(dialTimeout)]);
  }

  #needsPeers(): boolean {
    return this.#init.libp2p.getPeers().length < this.#init.minPeers;
  }

  #isConnected(peer: PeerId): boolean {
    return this.#init.libp2p.getConnections(peer).length > 0;
  }
}

/** In few words: of several addresses that were tried, what each failed with. */
function describeFailure(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(describeFailure))].join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? `no answer within ${dialTimeout / 1_000} s` : error.message;
}

/** Up to `count` of the items, chosen at random. */
function sample<T>(items: readonly T[], count: number): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ item }) => item);
}
