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

export interface PutFileOptions {
  /** Whether the network is told of it. */
  announce: boolean;
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

/** A node's artifacts as jobs use them. What is put stays until it is released; what is fetched, until room is needed. */
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
  put(bytes: Uint8Array, announce: boolean): Promise<Artifact> {
    return this.#store.add([bytes], { pin: true, announce });
  }

  /**
   * Keeps a file's bytes for others to fetch.
   *
   * @throws TesseraError `STORAGE_FAILED`, `ABORTED`
   */
  async putFile(path: string, { announce, sha256, signal }: PutFileOptions): Promise<Artifact> {
    const there = sha256 === undefined ? undefined : this.#store.findByDigest(sha256);
    if (there?.announced === announce) return this.#store.pin(there.cid);
    return addFile(this.#store, path, { pin: true, announce, ...(signal ? { signal } : {}) });
  }

  /** Lets artifacts be dropped where room is needed. */
  async release(cids: Iterable<string>): Promise<void> {
    for (const cid of cids) {
      const parsed = parseArtifactCid(cid);
      if (this.#store.find(parsed) !== undefined) await this.#store.unpin(parsed);
    }
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
