import type { CID } from 'multiformats/cid';
import { type Artifact, ArtifactStore, parseArtifactCid } from '../artifacts/store/index.ts';
import { ArtifactFetcher, type ContentRouting, type Provider } from '../artifacts/transfer/index.ts';
import { ArtifactAccess, type PutFileOptions, type PutOptions } from '../job/artifact-access.ts';

export interface PrivateArtifactsInit {
  directory: string;
  maxBytes: number;
  libp2p: ConstructorParameters<typeof ArtifactFetcher>[1]['libp2p'];
}

/** Nobody is told what is private, and nobody is asked who has it. */
const noRouting: ContentRouting = {
  provide: async () => 0,
  withdraw: async () => {},
  async *find() {},
};

/**
 * Artifacts of invited jobs, in a store of their own: what another peer gets of it is only what was lent to that peer,
 * and only while it is. After a restart nothing is lent, and nothing is served, until a job lends it anew.
 */
export class PrivateArtifacts {
  /** What this node fetches of others' jobs; it serves nothing of it. */
  readonly guest: ArtifactAccess;
  readonly #store: ArtifactStore;
  readonly #fetcher: ArtifactFetcher;
  readonly #loans = new Map<string, Set<ReadonlySet<string>>>();

  private constructor(store: ArtifactStore, libp2p: PrivateArtifactsInit['libp2p']) {
    this.#store = store;
    this.#fetcher = new ArtifactFetcher({ searchPausesMs: [0] }, { store, libp2p, routing: noRouting });
    this.guest = new ArtifactAccess(this.#exchange);
  }

  /** @throws TesseraError `STORAGE_FAILED` */
  static async open({ directory, maxBytes, libp2p }: PrivateArtifactsInit): Promise<PrivateArtifacts> {
    const store = await ArtifactStore.open({ directory, maxBytes });
    // Of jobs that this node was killed in: those that go on put theirs again.
    for (const id of new Set(store.ls().flatMap(({ keptFor }) => keptFor))) await store.release(id);
    return new PrivateArtifacts(store, libp2p);
  }

  /** What a peer gets when it asks for a block. */
  async readBlock(block: CID, peer: string): Promise<Uint8Array | undefined> {
    return this.#mayRead(block, peer) ? this.#store.readBlock(block) : undefined;
  }

  /**
   * One job's artifacts, which these peers may fetch from their being put until their release.
   *
   * @param peers ids
   */
  lendTo(peers: ReadonlySet<string>): ArtifactAccess {
    return new LentArtifacts(this.#exchange, {
      lend: (cid) => {
        const loans = this.#loans.get(`${cid}`) ?? new Set();
        this.#loans.set(`${cid}`, loans.add(peers));
      },
      takeBack: async (cids) => {
        for (const [cid, loans] of this.#loans) {
          if (cids?.has(cid) === false || !loans.delete(peers) || loans.size > 0) continue;
          this.#loans.delete(cid);
          await this.#store.remove(parseArtifactCid(cid));
        }
      },
    });
  }

  async stop(): Promise<void> {
    await this.#fetcher.stop();
  }

  get #exchange(): ConstructorParameters<typeof ArtifactAccess>[0] {
    const { rate } = this.#fetcher;
    return { store: this.#store, rate, fetch: (request) => this.#fetcher.fetch(request) };
  }

  #mayRead(block: CID, peer: string): boolean {
    const own = this.#loans.get(`${block}`);
    if (own !== undefined) return isLent(own, peer);
    // A leaf or a node below the root of a larger artifact.
    for (const [root, loans] of this.#loans) {
      if (isLent(loans, peer) && this.#store.holds(parseArtifactCid(root), block)) return true;
    }
    return false;
  }
}

interface Lending {
  lend(cid: CID): void;
  /** @param cids only these; all unless given */
  takeBack(cids?: ReadonlySet<string>): Promise<void>;
}

class LentArtifacts extends ArtifactAccess {
  readonly #lending: Lending;

  constructor(exchange: ConstructorParameters<typeof ArtifactAccess>[0], lending: Lending) {
    super(exchange, () => [] satisfies Provider[]);
    this.#lending = lending;
  }

  override async put(bytes: Uint8Array, options: PutOptions): Promise<Artifact> {
    return this.#lend(await super.put(bytes, { ...options, announce: false }));
  }

  override async putFile(path: string, options: PutFileOptions): Promise<Artifact> {
    return this.#lend(await super.putFile(path, { ...options, announce: false }));
  }

  override async release(id: string, cids?: ReadonlySet<string>): Promise<void> {
    await super.release(id, cids);
    await this.#lending.takeBack(cids);
  }

  #lend(artifact: Artifact): Artifact {
    this.#lending.lend(artifact.cid);
    return artifact;
  }
}

function isLent(loans: ReadonlySet<ReadonlySet<string>>, peer: string): boolean {
  for (const peers of loans) if (peers.has(peer)) return true;
  return false;
}
