import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { lpStream } from '@libp2p/utils';
import { MemoryDatastore } from 'datastore-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignedMessage } from '../../protocol/messages/index.ts';
import { createLibp2pNode, type Libp2pNode } from './libp2p.ts';
import { protocols } from './protocols.ts';
import { type RequestHandler, RequestProtocol, type RequestRates } from './request-protocol.ts';
import { bidOf } from './testing/bids.ts';

interface Side {
  libp2p: Libp2pNode;
  requests: RequestProtocol;
  secretKey: Uint8Array;
  failures: unknown[];
}

async function createSide(rates?: RequestRates): Promise<Side> {
  const privateKey: Ed25519PrivateKey = await generateKeyPair('Ed25519');
  const libp2p = await createLibp2pNode({
    privateKey,
    datastore: new MemoryDatastore(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
  });
  const failures: unknown[] = [];
  const requests = new RequestProtocol({
    libp2p,
    onFailure: (error) => failures.push(error),
    ...(rates === undefined ? {} : { rates }),
  });
  return { libp2p, requests, secretKey: privateKey.raw.slice(0, 32), failures };
}

describe('a request', () => {
  let asking: Side;
  let asked: Side;
  let handler: RequestHandler;

  beforeAll(async () => {
    [asking, asked] = await Promise.all([createSide(), createSide()]);
    await asked.requests.serve((request, options) => handler(request, options));
  });

  afterAll(async () => {
    await Promise.all([asking, asked].map(({ requests }) => requests.close()));
    await Promise.all([asking, asked].map(({ libp2p }) => libp2p.stop()));
  });

  beforeEach(() => {
    handler = async () => undefined;
    asked.failures.length = 0;
  });

  const bid = (sequence: number, from = asking, issued = Date.now()) =>
    bidOf({ secretKey: from.secretKey, sequence, issued });
  const ask = (message: SignedMessage, options: { timeout?: number; signal?: AbortSignal } = {}) =>
    asking.requests.request(
      { peer: asked.libp2p.peerId.toString(), addresses: asked.libp2p.getMultiaddrs().map(String) },
      message,
      options,
    );

  it('comes to the peer as it was signed, and the answer comes back', async () => {
    const [question, answer] = [bid(1), bid(2, asked)];
    let heard: SignedMessage | undefined;
    handler = async (request) => {
      heard = request;
      return answer;
    };
    expect(await ask(question)).toMatchObject({ id: answer.id, message: answer.message });
    expect(heard).toMatchObject({ id: question.id, message: question.message });
  });

  it('that comes again gets the same answer, and is handled once', async () => {
    let calls = 0;
    handler = async () => bid(++calls, asked);
    const question = bid(3);
    const answers = await Promise.all([ask(question), ask(question)]);
    answers.push(await ask(question));
    expect(calls).toBe(1);
    expect(new Set(answers.map((answer) => answer?.id)).size).toBe(1);
  });

  it('that failed may be tried again', async () => {
    const question = bid(4);
    handler = async () => {
      throw new Error('not now');
    };
    await expect(ask(question)).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
    handler = async () => bid(5, asked);
    expect(await ask(question)).toBeDefined();
  });

  it.each<[string, () => SignedMessage]>([
    ['was signed by another', () => bid(6, asked)],
    ['is an hour and a half old', () => bid(6, asking, Date.now() - 5_400_000)],
    ['is no message', () => ({ ...bid(6), bytes: new Uint8Array(10) })],
    ['is larger than any message', () => ({ ...bid(6), bytes: new Uint8Array(65_537) })],
  ])('is refused when it %s', async (_, question) => {
    let called = false;
    handler = async () => {
      called = true;
      return undefined;
    };
    await expect(ask(question())).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
    expect(called).toBe(false);
    expect(asked.failures).toHaveLength(1);
  });

  it.each<[string, () => SignedMessage]>([
    ['was signed by another', () => bid(7)],
    ['is stale', () => bid(7, asked, Date.now() - 5_400_000)],
    ['is no message', () => ({ ...bid(7, asked), bytes: new Uint8Array(10) })],
  ])('does not take an answer that %s', async (_, answer) => {
    handler = async () => answer();
    await expect(ask(bid(8))).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
  });

  it('ends at its deadline, and when it is cancelled', async () => {
    handler = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await expect(ask(bid(9), { timeout: 200 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const cancelled = new AbortController();
    const asking = ask(bid(10), { signal: cancelled.signal });
    cancelled.abort();
    await expect(asking).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('to nobody says so', async () => {
    const stranger = await generateKeyPair('Ed25519');
    const target = {
      peer: stranger.publicKey.toCID().toString(),
      addresses: ['/ip4/127.0.0.1/tcp/1'],
    };
    await expect(asking.requests.request(target, bid(11))).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
  });

  it('is refused, and counted so, where its peer and all others ask too often', async () => {
    const rates = { own: { burst: 2, perSecond: 0 }, common: { burst: 3, perSecond: 0 } };
    const few = await createSide(rates);
    let heard = 0;
    await few.requests.serve(async () => {
      heard += 1;
      return undefined;
    });
    const target = { peer: few.libp2p.peerId.toString(), addresses: few.libp2p.getMultiaddrs().map(String) };
    for (let sequence = 0; sequence < 10; sequence++) {
      await Promise.allSettled([asking.requests.request(target, bid(sequence))]);
    }
    expect(heard).toBe(5);
    // Who has not asked yet is heard all the same.
    await asked.requests.request(target, bid(0, asked));
    expect(heard).toBe(6);
    expect(few.requests.counts).toEqual({ answered: 6, refused: 5 });
    expect(few.requests.sizes).toEqual({ peers: 2, answers: 6 });
    await few.requests.close();
    await few.libp2p.stop();
  });

  it('that never ends, or never begins, is cut off without harm to the next', async () => {
    const stream = await asking.libp2p.dialProtocol(asked.libp2p.getMultiaddrs(), protocols.request);
    // Announces more than any message has.
    stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f));
    await new Promise((resolve) => stream.addEventListener('close', resolve, { once: true }));
    const silent = lpStream(
      await asking.libp2p.dialProtocol(asked.libp2p.getMultiaddrs(), protocols.request),
    );
    expect(await ask(bid(12))).toBeUndefined();
    silent.unwrap().abort(new Error('done'));
  });
});
