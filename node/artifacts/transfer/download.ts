import { createHash } from 'node:crypto';
import type { PeerId } from '@libp2p/interface';
import { Semaphore } from 'async-mutex';
import type { CID } from 'multiformats/cid';
import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import { Notice } from '../../notice.ts';
import {
  artifactLayout,
  bytesOfRoot,
  type Incoming,
  isLeaf,
  type Part,
  partsOf,
  partsOfRoot,
} from '../store/index.ts';
import { BlockQueue, type Wanted } from './block-queue.ts';
import type { PeerPlaces } from './peer-places.ts';
import { ProviderPool, type ProviderPoolOptions } from './provider-pool.ts';
import {
  type Fault,
  fetchFrom,
  ProviderFault,
  type SessionInit,
  type SessionOptions,
} from './provider-session.ts';
import type { ContentRouting, Provider } from './routing.ts';

export interface DownloadOptions extends SessionOptions, ProviderPoolOptions {
  /** Providers to fetch from at once. */
  providers: number;
  /** Blocks that one provider has under way. */
  blocksAhead: number;
  /** Checked blocks that are being written at once. */
  writes: number;
  /** After which an idle provider is asked for a block that another one has under way. */
  hedgeMs: number;
}

/** What a provider did wrong, for whoever keeps a record of peers. */
export interface FaultReport {
  peer: PeerId;
  fault: Fault;
  message: string;
}

export interface DownloadProgress {
  /** Bytes of the artifact that are there. */
  bytes: number;
  /** Bytes of all of it, once known. */
  totalBytes: number | undefined;
  /** Providers that are sending. */
  providers: number;
}

export interface DownloadInit {
  cid: CID;
  /** A larger artifact is not fetched. */
  maxBytes: number;
  /** Where the blocks go, and which are there. */
  incoming: Incoming;
  /** Providers to try besides those that are found. */
  providers: readonly Provider[];
  libp2p: SessionInit['libp2p'] & { peerId: PeerId };
  /** For each stream to a peer: it refuses more than it serves. */
  places: Pick<PeerPlaces, 'run'>;
  routing: ContentRouting;
  signal: AbortSignal;
  onProgress: (progress: DownloadProgress) => void;
  onFault: (report: FaultReport) => void;
}

/** What is known of a root before it is read. */
const unknown = { bytes: Number.POSITIVE_INFINITY, height: 1 };

/** How many of the providers' faults an error lists. */
const listedFaults = 16;

/** Brings the blocks of one artifact that are missing into the store, from as many providers as it takes. */
export class Download {
  readonly #init: DownloadInit;
  readonly #options: DownloadOptions;
  readonly #notice = new Notice();
  readonly #queue: BlockQueue;
  readonly #pool: ProviderPool;
  readonly #writes: Semaphore;
  /** Leaves that came last, oldest first: while they come in order, the whole is hashed without reading them again. */
  readonly #recent = new Map<string, Uint8Array>();
  /** Where leaves were, for the next ones: new memory for each would cost more than hashing them. */
  readonly #free: Uint8Array[] = [];
  readonly #faults: { peer: string; fault: Fault; message: string }[] = [];
  #active = 0;
  #bytes = 0;
  #fetchedBytes = 0;
  #totalBytes: number | undefined;
  #failure: unknown;

  constructor(init: DownloadInit, options: DownloadOptions) {
    this.#init = init;
    this.#options = options;
    this.#queue = new BlockQueue(options.hedgeMs);
    this.#pool = new ProviderPool(options, init.libp2p.peerId, () => this.#notice.raise());
    this.#writes = new Semaphore(options.writes);
  }

  /**
   * @returns size and sha2-256 of the whole artifact; all its blocks are in the store
   * @throws TesseraError `ARTIFACT_MISSING` when no peer has it, `DOWNLOAD_FAILED` when those that have it fail or it
   *   is larger than allowed, `ENCODING_INVALID` when the CID names something else than an artifact,
   *   `STORAGE_FAILED`, `ABORTED`; what came so far stays in the store
   */
  async run(): Promise<{ bytes: number; sha256: Hex32 }> {
    const { cid, providers } = this.#init;
    await this.#want([{ ...unknown, cid, height: isLeaf(cid) ? 0 : 1 }]);
    this.tryToo(providers);
    // The whole is hashed while it comes: that takes no time of its own.
    const over = new AbortController();
    const digest = this.#digest(over.signal).catch((error: unknown) => {
      this.#failure ??= error;
      this.#notice.raise();
    });
    try {
      if (this.#queue.left > 0) await this.#gather();
    } catch (error) {
      over.abort();
      this.#notice.raise();
      await digest;
      throw error;
    }
    const sha256 = await digest;
    if (sha256 === undefined) throw this.#failure;
    this.#bytes = this.#totalBytes as number;
    this.#report();
    return { bytes: this.#bytes, sha256 };
  }

  /** Names further providers, at any time. */
  tryToo(providers: readonly Provider[]): void {
    for (const provider of providers) this.#pool.add(provider);
  }

  /** Bytes that came from providers, checked. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  async #digest(over: AbortSignal): Promise<Hex32> {
    const { cid, signal } = this.#init;
    const hash = createHash('sha256');
    const anyOver = AbortSignal.any([over, signal]);
    for await (const leaf of this.#leaves({ ...unknown, cid }, anyOver)) hash.update(leaf);
    return hash.digest('hex');
  }

  /** The leaves below a part in order, each as soon as it is in the store. */
  async *#leaves(part: Part, over: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { cid, incoming } = this.#init;
    while (!incoming.has(part.cid)) {
      throwIfAborted(over);
      await this.#notice.wait(this.#options.retryMs);
    }
    throwIfAborted(over);
    const name = part.cid.toString();
    const recent = this.#recent.get(name);
    if (recent !== undefined) {
      this.#recent.delete(name);
      yield recent;
      this.#reuse(recent);
      return;
    }
    const block = await incoming.read(part.cid);
    if (block === undefined) {
      throw new TesseraError('DOWNLOAD_FAILED', {
        message: `Block ${part.cid} of the artifact ${cid} is damaged on the disk`,
        remedy: 'Try again: it will be fetched anew. If that repeats, check the health of the disk.',
        details: { cid: cid.toString(), block: part.cid.toString() },
      });
    }
    if (isLeaf(part.cid)) yield block;
    else {
      const parts = part.cid.equals(cid) ? partsOfRoot(cid, block) : partsOf(part, block);
      for (const below of parts) yield* this.#leaves(below, over);
    }
  }

  /** Opens sessions with providers until no block is missing. */
  async #gather(): Promise<void> {
    const { cid, routing, signal } = this.#init;
    const end = new AbortController();
    const ended = AbortSignal.any([signal, end.signal]);
    const onAbort = () => this.#notice.raise();
    signal.addEventListener('abort', onAbort);
    const search = this.#pool.search(cid, routing, ended);
    const sessions = new Set<Promise<void>>();
    try {
      while (this.#queue.left > 0) {
        throwIfAborted(signal);
        if (this.#failure !== undefined) throw this.#failure;
        while (sessions.size < this.#options.providers) {
          const provider = this.#pool.take(Date.now());
          if (provider === undefined) break;
          const session = this.#fetchFrom(provider, ended).finally(() => sessions.delete(session));
          sessions.add(session);
        }
        if (sessions.size === 0 && this.#pool.exhausted) throw this.#unavailable();
        await this.#notice.wait(this.#options.retryMs);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      end.abort();
      this.#notice.raise();
      await Promise.all([...sessions, search]);
      // Blocks that are being written are the store's until they are written.
      await this.#writes.waitForUnlock(this.#options.writes);
    }
  }

  async #fetchFrom(provider: Provider, signal: AbortSignal): Promise<void> {
    const { libp2p, places, onFault } = this.#init;
    const { providers, blocksAhead, hedgeMs } = this.#options;
    this.#active += 1;
    let delivered = false;
    const session: SessionInit = {
      provider,
      queue: this.#queue,
      libp2p,
      room: (wanted, bytes) => this.#room(wanted, bytes),
      onBlock: (wanted, block) => {
        delivered = true;
        return this.#take(wanted, block);
      },
      // Two providers' worth for all together, and towards the end as much of what is left for everybody.
      share: () => {
        const active = Math.min(providers, this.#active);
        const left = Math.max(1, Math.ceil(this.#queue.left / active));
        return Math.min(blocksAhead, Math.ceil((2 * blocksAhead) / active), left);
      },
      changed: () => this.#notice.wait(hedgeMs),
    };
    try {
      await places.run(`${provider.peer}`, signal, () => fetchFrom(session, this.#options, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ProviderFault)) {
        this.#failure ??= error;
        return;
      }
      this.#pool.failed(provider, error, delivered, Date.now());
      const { fault, message } = error;
      if (this.#faults.length < listedFaults) this.#faults.push({ peer: `${provider.peer}`, fault, message });
      onFault({ peer: provider.peer, fault, message });
    } finally {
      this.#active -= 1;
      this.#notice.raise();
    }
  }

  /** Stores a checked block; resolves when there is room for the next. */
  async #take(wanted: Wanted, block: Uint8Array): Promise<void> {
    const [, release] = await this.#writes.acquire();
    void this.#store(wanted, block)
      .then(() => this.#remember(wanted, block))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        release();
        this.#notice.raise();
      });
  }

  #remember({ cid, name }: Wanted, leaf: Uint8Array): void {
    if (!isLeaf(cid)) return;
    this.#recent.set(name, leaf);
    // Each provider is asked for a run of them: what one sends waits for the runs of those before it.
    if (this.#recent.size <= 2 * this.#options.blocksAhead) return;
    for (const [oldest, bytes] of this.#recent) {
      this.#recent.delete(oldest);
      this.#reuse(bytes);
      return;
    }
  }

  #reuse(leaf: Uint8Array): void {
    if (leaf.length === artifactLayout.leafBytes) this.#free.push(leaf);
  }

  /** Only leaves take memory that was used before: what a node is decoded into keeps pointing at its bytes. */
  #room({ cid }: Wanted, bytes: number): Uint8Array {
    const used = isLeaf(cid) && bytes === artifactLayout.leafBytes ? this.#free.pop() : undefined;
    return used ?? new Uint8Array(bytes);
  }

  async #store(wanted: Wanted, block: Uint8Array): Promise<void> {
    const parts = this.#partsOf(wanted, block);
    await this.#init.incoming.put(wanted.cid, block);
    await this.#want(parts);
    if (!this.#queue.done(wanted)) return;
    this.#fetchedBytes += block.length;
    if (wanted.height === 0) this.#bytes += block.length;
    this.#report();
  }

  /** What a block says comes next; the root also says how large all of it is. */
  #partsOf(part: Part, block: Uint8Array): Part[] {
    const { cid, maxBytes } = this.#init;
    if (!part.cid.equals(cid)) return part.height === 0 ? [] : partsOf(part, block);
    const parts = partsOfRoot(cid, block);
    this.#totalBytes = bytesOfRoot(cid, block);
    if (this.#totalBytes > maxBytes) throw tooLarge(cid, this.#totalBytes, maxBytes);
    return parts;
  }

  /** Queues parts, save those that are in the store already. */
  async #want(parts: readonly Part[]): Promise<void> {
    const { incoming } = this.#init;
    const missing: Part[] = [];
    for (const part of parts) {
      const isRoot = part.cid.equals(this.#init.cid);
      if (!incoming.has(part.cid)) {
        missing.push(part);
      } else if (part.height === 0 && !isRoot) {
        this.#bytes += part.bytes;
      } else {
        const block = await incoming.read(part.cid);
        if (block === undefined) missing.push(part);
        else await this.#want(this.#partsOf(part, block));
      }
    }
    this.#queue.add(missing);
  }

  #report(): void {
    this.#init.onProgress({ bytes: this.#bytes, totalBytes: this.#totalBytes, providers: this.#active });
  }

  #unavailable(): TesseraError {
    const { cid } = this.#init;
    if (this.#faults.some(({ fault }) => fault !== 'missing')) {
      const last = this.#faults.at(-1);
      return new TesseraError('DOWNLOAD_FAILED', {
        message: `The artifact ${cid} could not be fetched: of ${this.#pool.size} providers none is left; ${last?.peer} ${last?.message}`,
        remedy: 'Try again: what came so far is kept, and other peers may have it by then.',
        details: { cid: cid.toString(), faults: this.#faults, bytes: this.#bytes },
      });
    }
    return new TesseraError('ARTIFACT_MISSING', {
      message: `No peer was found that has the artifact ${cid}`,
      remedy: 'Check the CID, and that a node that has it is running and connected to the same network.',
      details: { cid: cid.toString() },
      cause: this.#pool.searchFailure,
    });
  }
}

export function tooLarge(cid: CID, bytes: number, maxBytes: number): TesseraError {
  return new TesseraError('DOWNLOAD_FAILED', {
    message: `The artifact ${cid} has ${bytes} bytes, more than the ${maxBytes} allowed`,
    remedy: 'Raise the limit if this artifact is wanted.',
    details: { bytes, maxBytes },
  });
}
