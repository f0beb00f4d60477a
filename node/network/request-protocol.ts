import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type LengthPrefixedStream, lpStream } from '@libp2p/utils';
import { multiaddr } from '@multiformats/multiaddr';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import {
  forgettableAt,
  freshness,
  messageLimits,
  openMessage,
  peerIdOf,
  type SignedMessage,
} from '../../protocol/messages/index.ts';
import { throwIfAborted } from '../abort.ts';
import { FairShare, type FairShareInit } from './fair-share.ts';
import { nativeSignatureCheck } from './native-signature.ts';
import { protocols } from './protocols.ts';

/** Whom to ask. */
export interface RequestTarget {
  /** Peer id. */
  peer: string;
  /** Multiaddrs to try besides those already known, e.g. from its bid. */
  addresses?: readonly string[];
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** Milliseconds until it is given up, dialling included; 10 s by default. */
  timeout?: number;
}

/**
 * Answers a request. It was signed by the peer that sent it and is fresh; a repeated one gets the first one's answer
 * without a further call, for as long as it is fresh and the node runs. No answer acknowledges it with nothing to say;
 * an error closes the stream.
 */
export type RequestHandler = (
  request: SignedMessage,
  options: { signal: AbortSignal },
) => Promise<SignedMessage | undefined>;

export interface RequestCounts {
  answered: number;
  /** Too many, no messages, stale, another's, or broken off. */
  refused: number;
}

export interface RequestProtocolInit {
  libp2p: Libp2p;
  /** Gets what breaks while a request is answered: faults of this program, and peers that go away. */
  onFailure: (error: unknown, peer: string) => void;
  rates?: RequestRates;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Requests that are read of one peer in any case, and of all together beyond that. */
export type RequestRates = Omit<FairShareInit, 'maxParties'>;

/** To verify a request takes about a millisecond. A worker reports on each of its segments every other second. */
const defaultRequestRates: RequestRates = {
  own: { burst: 64, perSecond: 4 },
  common: { burst: 1_024, perSecond: 256 },
};

/**
 * A signed message from one peer to another and its signed answer, on a stream of its own: two frames, each a
 * varint of its length and the envelope; the answer's may be empty.
 */
export class RequestProtocol {
  readonly #libp2p: Libp2p;
  readonly #onFailure: RequestProtocolInit['onFailure'];
  readonly #now: () => number;
  readonly #looks: FairShare;
  readonly #counts: RequestCounts = { answered: 0, refused: 0 };
  readonly #answers = new Map<Hex32, { forgetAt: number; answer: Promise<SignedMessage | undefined> }>();
  readonly #stopped = new AbortController();
  readonly #isSignedBy = nativeSignatureCheck();

  constructor({ libp2p, onFailure, rates = defaultRequestRates, now = Date.now }: RequestProtocolInit) {
    this.#looks = new FairShare({ ...rates, maxParties: maxPeers });
    this.#libp2p = libp2p;
    this.#onFailure = onFailure;
    this.#now = now;
  }

  /** What became of the requests that came. */
  get counts(): Readonly<RequestCounts> {
    return { ...this.#counts };
  }

  /** How many entries each table has. */
  get sizes(): { peers: number; answers: number } {
    return { peers: this.#looks.size, answers: this.#answers.size };
  }

  /** Begins to answer requests. */
  async serve(handler: RequestHandler): Promise<void> {
    await this.#libp2p.handle(
      protocols.request,
      async (stream, connection) => {
        try {
          await this.#answer(stream, connection, handler);
          this.#counts.answered += 1;
        } catch (error) {
          this.#counts.refused += 1;
          stream.abort(error instanceof Error ? error : new Error(String(error)));
          this.#onFailure(error, connection.remotePeer.toString());
        }
      },
      { maxInboundStreams: 64, runOnLimitedConnection: true },
    );
  }

  /**
   * Sends a message and waits for the answer.
   *
   * @returns The answer, or `undefined` where the peer has nothing to say to it
   * @throws TesseraError `NETWORK_FAILED` when the peer cannot be reached, goes away or answers wrongly,
   *   `DEADLINE_EXCEEDED` when it takes too long, `ABORTED`
   */
  async request(
    target: RequestTarget,
    request: SignedMessage,
    { signal, timeout = 10_000 }: RequestOptions = {},
  ): Promise<SignedMessage | undefined> {
    throwIfAborted(signal);
    const deadline = AbortSignal.timeout(timeout);
    const any = AbortSignal.any([deadline, this.#stopped.signal, ...(signal === undefined ? [] : [signal])]);
    let stream: Stream | undefined;
    try {
      const peer = peerIdFromString(target.peer);
      await this.#remember(peer, target.addresses ?? []);
      stream = await this.#libp2p.dialProtocol(peer, protocols.request, {
        signal: any,
        runOnLimitedConnection: true,
      });
      const frames = framesOf(stream);
      await frames.write(request.bytes, { signal: any });
      const frame = (await frames.read({ signal: any })).subarray();
      const answer = frame.length === 0 ? undefined : this.#open(frame, target.peer);
      // The answer is there, however the stream ends.
      await stream.close({ signal: any }).catch((error: Error) => stream?.abort(error));
      return answer;
    } catch (cause) {
      stream?.abort(cause instanceof Error ? cause : new Error(String(cause)));
      throwIfAborted(signal);
      if (cause instanceof TesseraError) throw cause;
      const what = `The request to ${target.peer}`;
      if (deadline.aborted) {
        throw new TesseraError('DEADLINE_EXCEEDED', {
          message: `${what} had no answer in ${timeout} ms`,
          cause,
        });
      }
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TesseraError('NETWORK_FAILED', { message: `${what} failed: ${why}`, cause });
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort(new Error('the node stops'));
    await this.#libp2p.unhandle(protocols.request);
    this.#answers.clear();
  }

  async #remember(peer: PeerId, addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0 || this.#libp2p.getConnections(peer).length > 0) return;
    await this.#libp2p.peerStore.merge(peer, { multiaddrs: addresses.map((address) => multiaddr(address)) });
  }

  async #answer(stream: Stream, connection: Connection, handler: RequestHandler): Promise<void> {
    const peer = connection.remotePeer.toString();
    if (!this.#looks.take(peer, this.#now())) throw refused(peer, 'it, or all together, ask too often');
    const signal = AbortSignal.any([AbortSignal.timeout(answerTimeout), this.#stopped.signal]);
    const frames = framesOf(stream);
    const request = this.#open((await frames.read({ signal })).subarray(), peer);
    const answer = await this.#answerOnce(request, handler, signal);
    await frames.write(answer?.bytes ?? new Uint8Array(0), { signal });
    await stream.close({ signal });
  }

  #answerOnce(
    request: SignedMessage,
    handler: RequestHandler,
    signal: AbortSignal,
  ): Promise<SignedMessage | undefined> {
    const now = this.#now();
    for (const [id, { forgetAt }] of this.#answers) {
      if (forgetAt > now && this.#answers.size < maxAnswers) break;
      this.#answers.delete(id);
    }
    const earlier = this.#answers.get(request.id);
    if (earlier !== undefined) return earlier.answer;
    const answer = handler(request, { signal });
    this.#answers.set(request.id, { forgetAt: forgettableAt(request.message), answer });
    // One that failed may be tried again.
    answer.catch(() => this.#answers.delete(request.id));
    return answer;
  }

  #open(frame: Uint8Array, peer: string): SignedMessage {
    let signed: SignedMessage;
    try {
      signed = openMessage(frame, this.#isSignedBy);
    } catch (cause) {
      throw refused(peer, 'it sent what is no message', cause);
    }
    if (peerIdOf(signed.message.sender) !== peer) throw refused(peer, 'it sent another’s message');
    if (freshness(signed.message, this.#now()) !== 'fresh') {
      throw refused(
        peer,
        'its message is stale: the clocks are more than ten minutes apart, or it was kept back',
      );
    }
    return signed;
  }
}

/** Peers of whose requests account is kept: more than are ever connected. */
const maxPeers = 4_096;

/** Milliseconds for one request to come in and be answered. */
const answerTimeout = 30_000;

/** Answers that are kept for requests that come again. */
const maxAnswers = 4_096;

function framesOf(stream: Stream): LengthPrefixedStream<Stream> {
  const { envelopeBytes } = messageLimits;
  return lpStream(stream, { maxDataLength: envelopeBytes, maxBufferSize: 2 * envelopeBytes });
}

function refused(peer: string, why: string, cause?: unknown): TesseraError {
  return new TesseraError('NETWORK_FAILED', {
    message: `Peer ${peer}: ${why}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
