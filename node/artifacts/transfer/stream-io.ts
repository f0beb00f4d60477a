import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import { ByteQueue } from './byte-queue.ts';

/** The other side sent nothing, or took nothing, for too long. */
export class StallError extends Error {
  override readonly name = 'StallError';
}

/** The other side broke the protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** How long to wait for the other side. */
export interface Patience {
  /** Without a single byte. */
  stallMs: number;
  /** For all that is asked for, however it trickles. */
  wholeMs?: number;
}

/** Reads a stream in pieces of known length. What comes unasked is held to a limit. */
export class StreamReader {
  readonly #stream: Stream;
  readonly #maxBytes: () => number;
  /** What came and nobody waits for yet. */
  readonly #unread = new ByteQueue();
  /** The rest of what is being filled: bytes go there as they come. */
  #rest: Uint8Array = new Uint8Array();
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param maxBytes that may lie unread; more, and the stream is aborted */
  constructor(stream: Stream, maxBytes: () => number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    stream.addEventListener('message', this.#onMessage);
    stream.addEventListener('close', this.#onClose);
    stream.addEventListener('remoteCloseWrite', this.#onEnd);
    if (stream.remoteWriteStatus === 'closed') this.#onEnd();
  }

  /** Bytes that came and nobody has waited for yet. */
  get unread(): number {
    return this.#unread.length;
  }

  /** Why nothing more can be read, where the stream did not end in order. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Fills `target`.
   *
   * @returns false when the stream ended in order before its first byte
   * @throws StallError, ProtocolError, or what the stream broke with
   */
  async fill(target: Uint8Array, patience: Patience): Promise<boolean> {
    const end = patience.wholeMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + patience.wholeMs;
    this.#rest = target.subarray(this.#unread.take(target));
    while (this.#rest.length > 0) {
      if (this.#failure !== undefined) throw this.#failure;
      const filled = target.length - this.#rest.length;
      if (!this.#ended) await this.#more(Math.min(patience.stallMs, end - Date.now()));
      else if (filled === 0) return false;
      else throw new Error(`the stream ended after ${filled} of ${target.length} bytes`);
    }
    return true;
  }

  close(): void {
    this.#stream.removeEventListener('message', this.#onMessage);
    this.#stream.removeEventListener('close', this.#onClose);
    this.#stream.removeEventListener('remoteCloseWrite', this.#onEnd);
  }

  #more(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#wake = undefined;
          reject(new StallError('the peer sends too slowly or not at all'));
        },
        Math.max(0, ms),
      );
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  readonly #onMessage = ({ data }: StreamMessageEvent) => {
    const bytes = this.#unread.length + data.byteLength;
    if (bytes > this.#maxBytes()) {
      this.#failure = new ProtocolError(`the peer sent ${bytes} bytes unasked`);
      this.#stream.abort(this.#failure);
    } else {
      for (const chunk of isList(data) ? data : [data]) this.#receive(chunk);
    }
    this.#wake?.();
  };

  #receive(chunk: Uint8Array): void {
    const wanted = chunk.subarray(0, this.#rest.length);
    this.#rest.set(wanted);
    this.#rest = this.#rest.subarray(wanted.length);
    this.#unread.append(chunk.subarray(wanted.length));
  }

  readonly #onClose = ({ error }: StreamCloseEvent) => {
    this.#failure ??= error;
    this.#onEnd();
  };

  readonly #onEnd = () => {
    this.#ended = true;
    this.#wake?.();
  };
}

/**
 * Sends bytes, and waits until the stream has room for more.
 *
 * @throws StallError when the other side takes nothing for `stallMs`, or what the stream broke with
 */
export async function send(stream: Stream, bytes: Uint8Array, { stallMs }: Patience): Promise<void> {
  stream.send(bytes);
  // libp2p's own onDrain() resolves at once from its second use on (libp2p/utils 7.4.1).
  while (stream.writableNeedsDrain && stream.writeBufferLength > 0) await drained(stream, stallMs);
}

function drained(stream: Stream, stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      stream.removeEventListener('drain', onDrain);
      stream.removeEventListener('close', onClose);
      end();
    };
    const onDrain = () => settle(resolve);
    const onClose = ({ error }: StreamCloseEvent) =>
      settle(() => reject(error ?? new Error('the stream was closed')));
    const timer = setTimeout(() => settle(() => reject(new StallError('the peer takes nothing'))), stallMs);
    stream.addEventListener('drain', onDrain);
    stream.addEventListener('close', onClose);
  });
}

function isList(data: StreamMessageEvent['data']): data is Exclude<typeof data, Uint8Array> {
  return !(data instanceof Uint8Array);
}
