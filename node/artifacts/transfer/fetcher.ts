import type { CID } from 'multiformats/cid';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Artifact, ArtifactStore } from '../store/index.ts';
import {
  Download,
  type DownloadInit,
  type DownloadOptions,
  type DownloadProgress,
  type FaultReport,
  tooLarge,
} from './download.ts';
import { PeerPlaces } from './peer-places.ts';
import { transferLimits } from './protocol.ts';
import type { ContentRouting, Provider } from './routing.ts';
import { TransferRate } from './transfer-rate.ts';

const defaultDownloadOptions: DownloadOptions = {
  providers: 4,
  blocksAhead: 8,
  writes: 2,
  dialMs: 10_000,
  stallMs: 20_000,
  blockMs: 60_000,
  hedgeMs: 3_000,
  headStartMs: 3_000,
  searchPausesMs: [0, 1_000, 3_000, 8_000],
  searchMs: 20_000,
  attempts: 3,
  retryMs: 500,
};

export interface FetchRequest {
  cid: CID;
  /** sha2-256 of the whole artifact, where it is known: manifests name artifacts by it. */
  sha256?: Hex32;
  /** A larger artifact is not fetched. */
  maxBytes: number;
  /** Peers that are known to have it; others are found. Who joins a download adds to those that it tries. */
  providers?: readonly Provider[];
  /** Keep it whatever room is needed. */
  pin?: boolean;
  /** Tell the network that it can be fetched here too; true unless given. */
  announce?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: DownloadProgress) => void;
  onFault?: (report: FaultReport) => void;
  /** Is told at once, and every second, that providers are looked for, until any bytes of it are there. */
  onSearch?: () => void;
}

export interface FetcherComponents {
  store: ArtifactStore;
  libp2p: DownloadInit['libp2p'];
  routing: ContentRouting;
}

/** All who ask for one artifact. */
interface Demand {
  requests: Set<FetchRequest>;
  /** Aborted when none is left. */
  controller: AbortController;
  /** Once the store is ready for it. */
  download?: Download;
  /** Whether any bytes of it are there. */
  hasBegun?: boolean;
}

/** One download, and all who asked for it. */
interface Shared extends Demand {
  artifact: Promise<Artifact>;
}

/** Fetches artifacts into the store. */
export class ArtifactFetcher {
  /** Of what it fetched so far. */
  readonly rate = new TransferRate();
  readonly #options: DownloadOptions;
  readonly #components: FetcherComponents;
  readonly #places = new PeerPlaces(transferLimits.streamsPerPeer);
  /** Downloads that one may join. */
  readonly #shared = new Map<string, Shared>();
  /** All downloads, those included that nobody wants any more and that are winding down. */
  readonly #running = new Set<Shared>();

  constructor(options: Partial<DownloadOptions>, components: FetcherComponents) {
    this.#options = { ...defaultDownloadOptions, ...options };
    this.#components = components;
  }

  /**
   * Brings an artifact into the store, unless it is there. Every block is hashed as it comes; a provider that sends
   * other bytes is dropped for another one. After an interruption the next call fetches only what is missing. Calls
   * for the same artifact, under the same limit and announced alike, share one download.
   *
   * @throws TesseraError `ARTIFACT_MISSING` when no peer has it; `DOWNLOAD_FAILED` when those that have it fail, it is
   *   too large, or its bytes have another sha2-256 than was given; `ENCODING_INVALID` when the CID names no artifact;
   *   `STORAGE_FAILED`; `ABORTED`
   */
  async fetch(request: FetchRequest): Promise<Artifact> {
    const { store } = this.#components;
    const { cid, sha256, pin = false, signal } = request;
    throwIfAborted(signal);
    const artifact = store.find(cid) ?? (await this.#join(request));
    // What is here may have been fetched under another limit, or be this node's own.
    if (artifact.bytes > request.maxBytes) throw tooLarge(cid, artifact.bytes, request.maxBytes);
    if (sha256 !== undefined && artifact.sha256 !== sha256) {
      // It stays, since it is what its CID says: else a peer could have others' artifacts dropped by naming them wrongly.
      throw new TesseraError('DOWNLOAD_FAILED', {
        message: `The artifact ${cid} has the sha2-256 ${artifact.sha256}, not ${sha256}`,
        remedy: 'Do not use it; ask whoever named both for the right CID.',
        details: { cid: cid.toString(), sha256: artifact.sha256, expected: sha256 },
      });
    }
    return pin && !artifact.pinned ? store.pin(cid) : artifact;
  }

  /** Cancels all downloads; resolves when nothing more is written. */
  async stop(): Promise<void> {
    const running = [...this.#running];
    for (const { controller } of running) controller.abort();
    await Promise.allSettled(running.map(({ artifact }) => artifact));
  }

  async #join(request: FetchRequest): Promise<Artifact> {
    const { cid, maxBytes, announce = true, providers = [], signal, onSearch } = request;
    const key = `${cid} ${maxBytes} ${announce}`;
    const shared = this.#shared.get(key) ?? this.#begin(key, request);
    shared.requests.add(request);
    shared.download?.tryToo(providers);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => {
      shared.requests.delete(request);
      if (shared.requests.size === 0) {
        this.#shared.delete(key);
        shared.controller.abort();
      }
      reject(new TesseraError('ABORTED', { message: 'The download was cancelled', cause: signal?.reason }));
    };
    signal?.addEventListener('abort', leave);
    const search = () => {
      if (shared.hasBegun !== true) onSearch?.();
    };
    const searching = onSearch === undefined ? undefined : setInterval(search, searchTellMs);
    search();
    try {
      return await Promise.race([shared.artifact, left]);
    } finally {
      signal?.removeEventListener('abort', leave);
      clearInterval(searching);
    }
  }

  #begin(key: string, request: FetchRequest): Shared {
    const demand: Demand = { requests: new Set(), controller: new AbortController() };
    const artifact = this.#download(request, demand).finally(() => {
      this.#running.delete(shared);
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
    });
    const shared: Shared = Object.assign(demand, { artifact });
    this.#shared.set(key, shared);
    this.#running.add(shared);
    return shared;
  }

  async #download({ cid, maxBytes, announce = true }: FetchRequest, demand: Demand): Promise<Artifact> {
    const { store, libp2p, routing } = this.#components;
    const { requests, controller } = demand;
    const started = performance.now();
    const incoming = await store.receive(cid);
    const download = new Download(
      {
        cid,
        // What the store cannot hold is not begun.
        maxBytes: Math.min(maxBytes, store.maxBytes),
        incoming,
        providers: [...requests].flatMap(({ providers = [] }) => providers),
        libp2p,
        places: this.#places,
        routing,
        signal: controller.signal,
        onProgress: (progress) => {
          if (progress.bytes > 0) demand.hasBegun = true;
          for (const { onProgress } of requests) onProgress?.(progress);
        },
        onFault: (report) => {
          for (const { onFault } of requests) onFault?.(report);
        },
      },
      this.#options,
    );
    demand.download = download;
    try {
      return await incoming.complete(await download.run(), { announce });
    } finally {
      this.rate.note(download.fetchedBytes, (performance.now() - started) / 1000);
      await incoming.release();
    }
  }
}

/** Milliseconds between two words on a search. */
const searchTellMs = 1_000;
