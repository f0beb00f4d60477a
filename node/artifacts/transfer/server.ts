import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { Semaphore } from 'async-mutex';
import type { CID } from 'multiformats/cid';
import type { ArtifactStore } from '../store/index.ts';
import {
  artifactProtocol,
  decodeRequest,
  encodeAnswerHead,
  requestBytes,
  transferLimits,
} from './protocol.ts';
import { ProtocolError, StreamReader, send } from './stream-io.ts';

export interface ArtifactServerOptions {
  /** Streams that one peer may have open. */
  streamsPerPeer: number;
  /** Streams that all peers may have open. */
  streams: number;
  /** Streams that are answered at once, while others wait in line: each holds up to nine blocks in memory. */
  answering: number;
  /** Bytes a second to one peer over all its streams; no limit where undefined. */
  bytesPerSecondPerPeer?: number;
  /** How long a peer may ask for nothing, or take nothing of what it asked for. */
  stallMs: number;
}

const defaultServerOptions: ArtifactServerOptions = {
  streamsPerPeer: transferLimits.streamsPerPeer,
  streams: 1_024,
  answering: 64,
  stallMs: 60_000,
};

export interface ArtifactServerComponents {
  libp2p: Pick<Libp2p, 'handle' | 'unhandle'>;
  store: Pick<ArtifactStore, 'readBlock'>;
  /** Blocks that only some peers get. */
  lent?: { readBlock(cid: CID, peer: string): Promise<Uint8Array | undefined> };
}

/** What is being sent to one peer. */
interface Upload {
  streams: number;
  /** When its next block may leave, ms since the epoch. */
  nextAt: number;
}

/** Sends blocks to peers that ask for them. */
export class ArtifactServer {
  readonly #options: ArtifactServerOptions;
  readonly #components: ArtifactServerComponents;
  readonly #uploads = new Map<string, Upload>();
  readonly #open = new Set<Stream>();
  readonly #places: Semaphore;
  #bytesSent = 0;

  constructor(options: Partial<ArtifactServerOptions>, components: ArtifactServerComponents) {
    this.#options = { ...defaultServerOptions, ...options };
    this.#places = new Semaphore(this.#options.answering);
    this.#components = components;
  }

  /** Bytes of blocks sent since the start. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#open.size;
  }

  async start(): Promise<void> {
    await this.#components.libp2p.handle(artifactProtocol, (stream, connection) =>
      this.#serve(stream, connection),
    );
  }

  async stop(): Promise<void> {
    await this.#components.libp2p.unhandle(artifactProtocol);
    for (const stream of this.#open) stream.abort(new Error('the node stops'));
  }

  async #serve(stream: Stream, { remotePeer }: Connection): Promise<void> {
    const peer = remotePeer.toString();
    const upload = this.#uploads.get(peer) ?? { streams: 0, nextAt: 0 };
    if (upload.streams >= this.#options.streamsPerPeer || this.#open.size >= this.#options.streams) {
      stream.abort(new Error('too many streams'));
      return;
    }
    upload.streams += 1;
    this.#uploads.set(peer, upload);
    this.#open.add(stream);
    const reader = new StreamReader(stream, () => transferLimits.requestsAhead * requestBytes);
    try {
      await this.#answerAll(stream, reader, { peer, upload });
      await stream.close({ signal: AbortSignal.timeout(this.#options.stallMs) });
    } catch (error) {
      // Whatever it was, the peer may ask again on a new stream.
      stream.abort(error instanceof Error ? error : new Error(String(error)));
    } finally {
      reader.close();
      this.#open.delete(stream);
      upload.streams -= 1;
      // Kept until its pause is over: a new stream must not cut that short.
      const forget = () => upload.streams === 0 && this.#uploads.delete(peer);
      setTimeout(forget, Math.max(0, upload.nextAt - Date.now())).unref();
    }
  }

  /** Reads a block from the disk while the one before it is being sent. */
  async #answerAll(
    stream: Stream,
    reader: StreamReader,
    { peer, upload }: { peer: string; upload: Upload },
  ): Promise<void> {
    const { store, lent } = this.#components;
    const request = new Uint8Array(requestBytes);
    // The same memory over and over: collecting new memory for each block would cost more than encrypting it. libp2p
    // may hold what was sent for long, not yet encrypted; but a peer that asks for a block after as many as it may
    // have asked for ahead has the first of them.
    const rooms: Uint8Array[] = [];
    let sent = Promise.resolve();
    let leave: (() => void) | undefined;
    try {
      for (let turn = 0; await reader.fill(request, this.#options); turn++) {
        const cid = decodeRequest(request);
        if (cid === undefined) throw new ProtocolError('the request names no block');
        leave ??= await this.#enter();
        const place = turn % (transferLimits.requestsAhead + 1);
        const room = rooms[place] ?? new Uint8Array(transferLimits.blockBytes);
        rooms[place] = room;
        const [block] = await Promise.all([
          store.readBlock(cid, room).then((own) => own ?? lent?.readBlock(cid, peer)),
          sent,
        ]);
        sent = this.#answer(stream, block, upload);
        // A failure ends the loop where it is awaited; until then it is nobody's unhandled rejection.
        sent.catch(() => {});
        if (reader.unread > 0) continue;
        // Who asks for nothing keeps nobody waiting.
        await sent;
        if (reader.unread > 0) continue;
        leave();
        leave = undefined;
        rooms.length = 0;
      }
      await sent;
    } finally {
      leave?.();
    }
  }

  /** Waits for a place among the streams that are answered. @returns what gives it up */
  async #enter(): Promise<() => void> {
    const [, release] = await this.#places.acquire();
    return release;
  }

  async #answer(stream: Stream, block: Uint8Array | undefined, upload: Upload): Promise<void> {
    if (block !== undefined) await this.#pace(upload, block.length);
    stream.send(encodeAnswerHead(block?.length));
    if (block === undefined) return;
    await send(stream, block, this.#options);
    this.#bytesSent += block.length;
  }

  /** Waits until the peer may have so many bytes more. */
  async #pace(upload: Upload, bytes: number): Promise<void> {
    const { bytesPerSecondPerPeer: rate } = this.#options;
    if (rate === undefined) return;
    const now = Date.now();
    const at = Math.max(now, upload.nextAt);
    upload.nextAt = at + (bytes / rate) * 1000;
    if (at > now) await sleep(at - now);
  }
}
