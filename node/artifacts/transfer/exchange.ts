import type { Libp2p } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';
import type { Artifact, ArtifactStore } from '../store/index.ts';
import { Announcer, type AnnouncerOptions } from './announcer.ts';
import type { DownloadOptions } from './download.ts';
import { ArtifactFetcher, type FetchRequest } from './fetcher.ts';
import type { ContentRouting } from './routing.ts';
import { ArtifactServer, type ArtifactServerComponents, type ArtifactServerOptions } from './server.ts';
import type { TransferRate } from './transfer-rate.ts';

export interface ArtifactExchangeOptions {
  download?: Partial<DownloadOptions>;
  server?: Partial<ArtifactServerOptions>;
  announcer?: Partial<AnnouncerOptions>;
}

export interface ArtifactExchangeComponents {
  store: ArtifactStore;
  libp2p: Pick<Libp2p, 'peerId' | 'peerStore' | 'dialProtocol' | 'handle' | 'unhandle' | 'getPeers'>;
  routing: ContentRouting;
  /** What only some peers get. */
  lent?: NonNullable<ArtifactServerComponents['lent']>;
  /** Is told of announcements that failed; they are tried again. */
  onAnnounceError?: (cid: CID, error: unknown) => void;
}

/** A node's part in the exchange of artifacts: it serves and announces what is in its store, and fetches into it. */
export class ArtifactExchange {
  readonly store: ArtifactStore;
  readonly server: ArtifactServer;
  readonly announcer: Announcer;
  readonly #fetcher: ArtifactFetcher;
  readonly #libp2p: ArtifactExchangeComponents['libp2p'];

  constructor(options: ArtifactExchangeOptions, components: ArtifactExchangeComponents) {
    const { store, routing, onAnnounceError } = components;
    this.store = store;
    this.server = new ArtifactServer(options.server ?? {}, components);
    this.announcer = new Announcer(options.announcer ?? {}, {
      store,
      routing,
      ...(onAnnounceError === undefined ? {} : { onError: onAnnounceError }),
    });
    this.#libp2p = components.libp2p;
    this.#fetcher = new ArtifactFetcher(options.download ?? {}, components);
  }

  async start(): Promise<void> {
    await this.server.start();
    this.announcer.start();
  }

  /** Cancels what is under way; what was fetched so far stays in the store. */
  async stop(): Promise<void> {
    await this.#fetcher.stop();
    await this.announcer.stop();
    await this.server.stop();
  }

  /** How fast artifacts come. */
  get rate(): TransferRate {
    return this.#fetcher.rate;
  }

  /** Peers that may be asked. */
  get connectedPeers(): number {
    return this.#libp2p.getPeers().length;
  }

  /** See {@link ArtifactFetcher.fetch}. */
  fetch(request: FetchRequest): Promise<Artifact> {
    return this.#fetcher.fetch(request);
  }
}
