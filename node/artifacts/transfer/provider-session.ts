import type { Libp2p, Stream } from '@libp2p/interface';
import { matches } from '../store/index.ts';
import type { BlockQueue, Wanted } from './block-queue.ts';
import { answerHeadBytes, artifactProtocol, decodeAnswerHead, transferLimits } from './protocol.ts';
import type { Provider } from './routing.ts';
import { ProtocolError, StallError, StreamReader, send } from './stream-io.ts';

/** What a provider did wrong. Only the first two are its own doing beyond doubt. */
export type Fault = 'bad-block' | 'protocol' | 'stall' | 'broken' | 'missing';

/** A provider failed; another one, or a later attempt, may not. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  readonly fault: Fault;

  constructor(fault: Fault, message: string, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

export interface SessionOptions {
  /** To reach the provider and agree on the protocol. */
  dialMs: number;
  /** Without a byte from the provider. */
  stallMs: number;
  /** For one block: 1 MiB in a minute is the least that is waited for. */
  blockMs: number;
}

export interface SessionInit {
  provider: Provider;
  queue: BlockQueue;
  libp2p: Pick<Libp2p, 'dialProtocol' | 'peerStore'>;
  /** Room for a block of so many bytes; what is in it does not matter. */
  room: (wanted: Wanted, bytes: number) => Uint8Array;
  /** Takes over a checked block; resolves when there is room for the next, and never rejects. */
  onBlock: (wanted: Wanted, block: Uint8Array) => Promise<void>;
  /** How many blocks this provider should have under way now: enough that its line is never idle. */
  share: () => number;
  /** Resolves when the queue may have something for it again. */
  changed: () => Promise<void>;
}

/**
 * Fetches blocks from one provider as long as there are any: it keeps requests ahead of the answers, and holds
 * each answer to the length and the hash that were asked for before anything is done with it.
 *
 * @throws ProviderFault; what was under way is back in the queue
 */
export async function fetchFrom(
  init: SessionInit,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { queue } = init;
  const stream = await dial(init, options, signal);
  const asked: Wanted[] = [];
  const reader = new StreamReader(stream, () => asked.length * (answerHeadBytes + transferLimits.blockBytes));
  const onAbort = () => stream.abort(new Error('no longer needed'));
  signal.addEventListener('abort', onAbort);
  try {
    while (queue.left > 0 && !signal.aborted) {
      await askAhead(stream, asked, init, options.stallMs);
      const [wanted] = asked;
      if (wanted === undefined) {
        await init.changed();
        continue;
      }
      const block = await readBlock(reader, wanted, init.room, options);
      asked.shift();
      await init.onBlock(wanted, block);
    }
  } catch (error) {
    if (signal.aborted) return;
    // What the reader saw came first; a failed send only follows from it.
    throw asFault(reader.failure ?? error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    queue.putBack(stream, asked);
    reader.close();
    if (asked.length > 0) stream.abort(new Error('no longer needed'));
    // The provider ends it when it has read the end.
    else {
      const limited = { signal: AbortSignal.timeout(options.stallMs) };
      await stream.close(limited).catch((error: Error) => stream.abort(error));
    }
  }
}

async function dial(
  { libp2p, provider }: SessionInit,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Stream> {
  const { peer, multiaddrs } = provider;
  try {
    if (multiaddrs.length > 0) await libp2p.peerStore.merge(peer, { multiaddrs: [...multiaddrs] });
    return await libp2p.dialProtocol(peer, artifactProtocol, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.dialMs)]),
    });
  } catch (error) {
    throw new ProviderFault('broken', `cannot be reached: ${messageOf(error)}`, error);
  }
}

async function askAhead(
  stream: Stream,
  asked: Wanted[],
  { queue, share }: SessionInit,
  stallMs: number,
): Promise<void> {
  while (asked.length < Math.min(share(), transferLimits.requestsAhead)) {
    const now = performance.now();
    const wanted = queue.take(stream, now) ?? (asked.length === 0 ? queue.takeOver(stream, now) : undefined);
    if (wanted === undefined) return;
    asked.push(wanted);
    await send(stream, wanted.cid.bytes, { stallMs });
  }
}

async function readBlock(
  reader: StreamReader,
  wanted: Wanted,
  room: SessionInit['room'],
  { stallMs, blockMs }: SessionOptions,
): Promise<Uint8Array> {
  const { cid, bytes, height, name } = wanted;
  const patience = { stallMs, wholeMs: blockMs };
  const head = new Uint8Array(answerHeadBytes);
  if (!(await reader.fill(head, patience))) throw new ProviderFault('broken', 'it ended the stream');
  const length = decodeAnswerHead(head);
  if (length === undefined) throw new ProviderFault('missing', `it does not have block ${name}`);
  if (length > transferLimits.blockBytes) {
    throw new ProviderFault('protocol', `it announced a block of ${length} bytes`);
  }
  // A leaf below a node has a known length; a root or a node does not.
  if (height === 0 && Number.isFinite(bytes) && length !== bytes) {
    throw new ProviderFault('bad-block', `block ${name} has ${length} bytes instead of ${bytes}`);
  }
  const block = room(wanted, length);
  if (!(await reader.fill(block, patience)) && length > 0) {
    throw new ProviderFault('broken', 'it ended the stream');
  }
  if (!matches(cid, block))
    throw new ProviderFault('bad-block', `the bytes of block ${name} have another hash`);
  return block;
}

function asFault(error: unknown): ProviderFault {
  if (error instanceof ProviderFault) return error;
  if (error instanceof StallError) return new ProviderFault('stall', error.message, error);
  if (error instanceof ProtocolError) return new ProviderFault('protocol', error.message, error);
  return new ProviderFault('broken', messageOf(error), error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
