import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import type { SignedMessage, Topic } from '../../protocol/messages/index.ts';
import { PathCounters } from './path-counters.ts';
import { bidOf } from './testing/bids.ts';
import type { MessageHandler, Transport } from './transport.ts';
import { UnionTransport } from './union-transport.ts';

const secretKey = hexToBytes('22'.repeat(32));
const bid = (sequence: number) => bidOf({ secretKey, sequence });

/** A transport whose other end is the test: a path that fails on command cannot be had otherwise. */
class Path implements Transport {
  readonly sent: SignedMessage[] = [];
  broken = false;
  closed = false;
  readonly #handlers = new Map<Topic, MessageHandler>();

  async start(): Promise<void> {}

  async publish(_: Topic, signed: SignedMessage): Promise<void> {
    if (this.broken) throw new Error('the path is cut');
    this.sent.push(signed);
  }

  subscribe(topic: Topic, handler: MessageHandler): () => void {
    this.#handlers.set(topic, handler);
    return () => this.#handlers.delete(topic);
  }

  bring(topic: Topic, signed: SignedMessage): void {
    this.#handlers.get(topic)?.(signed);
  }

  status() {
    const state = this.broken ? ('failed' as const) : ('working' as const);
    return [{ transport: 'libp2p' as const, state, peers: 1, ...new PathCounters().snapshot() }];
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function union() {
  const paths = [new Path(), new Path()] as const;
  const faults: unknown[] = [];
  const transport = new UnionTransport({ paths, onFault: (error) => faults.push(error) });
  const received: string[] = [];
  const end = transport.subscribe('bids', ({ id }) => received.push(id));
  return { paths, transport, received, faults, end };
}

describe('two transports as one', () => {
  it('hand on a message once, whichever way it comes first and how often', () => {
    const { paths, received } = union();
    const [one, two] = [bid(1), bid(2)];
    paths[0].bring('bids', one);
    paths[1].bring('bids', one);
    paths[1].bring('bids', two);
    paths[0].bring('bids', two);
    expect(received).toEqual([one.id, two.id]);
  });

  it('do not hand a node its own messages', async () => {
    const { paths, transport, received } = union();
    await transport.publish('bids', bid(1));
    paths[1].bring('bids', paths[1].sent[0] ?? bid(0));
    expect(paths[0].sent).toHaveLength(1);
    expect(received).toEqual([]);
  });

  it('go on over the one when the other fails, and show which', async () => {
    const { paths, transport, received } = union();
    paths[0].broken = true;
    await transport.publish('bids', bid(1));
    expect(paths[1].sent).toHaveLength(1);
    paths[1].bring('bids', bid(2));
    expect(received).toHaveLength(1);
    expect(transport.status().map(({ state }) => state)).toEqual(['failed', 'working']);
  });

  it('say so when no path takes a message', async () => {
    const { paths, transport } = union();
    for (const path of paths) path.broken = true;
    await expect(transport.publish('bids', bid(1))).rejects.toMatchObject({
      code: 'NETWORK_FAILED',
      message: expect.stringContaining('the path is cut'),
    });
  });

  it('report a handler that throws, and still call the others', () => {
    const { paths, transport, faults } = union();
    const fault = new Error('a fault');
    transport.subscribe('bids', () => {
      throw fault;
    });
    let called = false;
    transport.subscribe('bids', () => {
      called = true;
    });
    paths[0].bring('bids', bid(1));
    expect({ called, faults }).toEqual({ called: true, faults: [fault] });
  });

  it('end with their subscription, and close together', async () => {
    const { paths, transport, received, end } = union();
    end();
    paths[0].bring('bids', bid(1));
    await transport.close();
    expect(received).toEqual([]);
    expect(paths.map(({ closed }) => closed)).toEqual([true, true]);
  });
});
