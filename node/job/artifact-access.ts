import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import type { Hex32 } from '../../protocol/edge.ts';
import { addFile, saveFile } from '../artifacts/files.ts';
import { type Artifact, type ArtifactStore, parseArtifactCid } from '../artifacts/store/index.ts';
import type { ArtifactExchange, Provider } from '../artifacts/transfer/index.ts';

/** Who is known to have an artifact. */
export interface Source {
  peer: string;
  addresses: readonly string[];
}

export interface PutOptions {
  /** Id of what it is kept for. */
  keepFor: string;
  /** Whether the network is told of it. */
  announce: boolean;
}

export interface PutFileOptions extends PutOptions {
  /** Of the file, where that is known: what is in the store already is not read again. */
  sha256?: Hex32;
  signal?: AbortSignal | undefined;
}

export interface FetchOptions {
  /** sha2-256 of the whole, where it is known. */
  sha256?: Hex32;
  maxBytes: number;
  /** Where nobody is known to have it, the network is asked, and whoever this node is connected to. */
  source?: Source | undefined;
  /** Whether others may be told that it is here too. */
  announce: boolean;
  signal: AbortSignal;
}

/**
 * A node's artifacts as jobs use them. What is put stays until what it is kept for is over; what is fetched, until room
 * is needed.
 */
export class ArtifactAccess {
  readonly #exchange: Pick<ArtifactExchange, 'store' | 'fetch' | 'rate'>;
  readonly #neighbours: () => readonly Provider[];

  /** @param neighbours peers that may be asked for what nobody is known to have */
  constructor(
    exchange: Pick<ArtifactExchange, 'store' | 'fetch' | 'rate'>,
    neighbours: () => readonly Provider[] = () => [],
  ) {
    this.#exchange = exchange;
    this.#neighbours = neighbours;
  }

  get #store(): ArtifactStore {
    return this.#exchange.store;
  }

  /** How fast artifacts came of late. */
  get bytesPerSecond(): number {
    return this.#exchange.rate.bytesPerSecond;
  }

  /** Keeps bytes for others to fetch. */
  put(bytes: Uint8Array, options: PutOptions): Promise<Artifact> {
    return this.#store.add([bytes], options);
  }

  /**
   * Keeps a file's bytes for others to fetch.
   *
   * @throws TesseraError `STORAGE_FAILED`, `ABORTED`
   */
  async putFile(path: string, { sha256, signal, ...keep }: PutFileOptions): Promise<Artifact> {
    const there = sha256 === undefined ? undefined : this.#store.findByDigest(sha256);
    if (there?.announced === keep.announce) return this.#store.keepFor(there.cid, keep.keepFor);
    return addFile(this.#store, path, { ...keep, ...(signal ? { signal } : {}) });
  }

  /**
   * Lets what was kept for something be dropped where room is needed.
   *
   * @param cids only these; all unless given
   */
  async release(id: string, cids?: ReadonlySet<string>): Promise<void> {
    await this.#store.release(id, cids);
  }

  /** @throws TesseraError as {@link ArtifactExchange.fetch} */
  async fetchBytes(cid: string, options: FetchOptions): Promise<Uint8Array> {
    const artifact = await this.#fetch(cid, options);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#store.get(artifact.cid, { signal: options.signal })) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  }

  /** Fetches into a file. */
  async fetchFile(cid: string, path: string, options: FetchOptions): Promise<void> {
    const artifact = await this.#fetch(cid, options);
    await saveFile(this.#store, artifact.cid, path, { signal: options.signal });
  }

  #fetch(cid: string, { sha256, maxBytes, source, announce, signal }: FetchOptions): Promise<Artifact> {
    return this.#exchange.fetch({
      cid: parseArtifactCid(cid),
      ...(sha256 === undefined ? {} : { sha256 }),
      maxBytes,
      announce,
      signal,
      providers: source === undefined ? this.#neighbours() : [providerOf(source)],
    });
  }
}

function providerOf({ peer, addresses }: Source): Provider {
  return {
    peer: peerIdFromString(peer),
    multiaddrs: addresses.map((address) => multiaddr(address)),
  };
}
