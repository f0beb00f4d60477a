import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { Peers, type RemotePeer } from './testing/peers.ts';

const peers = new Peers();
afterAll(() => peers.close());

/** Waits until each of these would reach all others at once: only then does a message reach them all for certain. */
async function untilJoined(all: readonly RemotePeer[]): Promise<void> {
  for (const peer of all) {
    await eventually(async () => {
      const [path] = (await peer.status()).paths;
      expect(path?.peers).toBe(all.length - 1);
    });
  }
}

/** The sequences of the bids that one peer had from another, in order. */
async function sequencesOf(peer: RemotePeer, from: RemotePeer): Promise<number[]> {
  const sender = publicKeyOf(from.peerId);
  const received = (await peer.received()).filter((message) => message.sender === sender);
  return received.map(({ sequence }) => sequence).sort((a, b) => a - b);
}

async function untilReceived(
  peer: RemotePeer,
  from: RemotePeer,
  sequences: readonly number[],
): Promise<void> {
  await eventually(async () => expect(await sequencesOf(peer, from)).toEqual(sequences));
}

describe('a network of processes', () => {
  let first: RemotePeer;
  let second: RemotePeer;
  let third: RemotePeer;

  beforeAll(async () => {
    first = await peers.start();
    const bootstrap = [...first.addresses];
    [second, third] = await Promise.all([peers.start({ bootstrap }), peers.start({ bootstrap })]);
    await untilJoined([first, second, third]);
  });

  it('finds itself through one bootstrap node, and delivers each message once', async () => {
    await second.tell({ do: 'publish bids', count: 20 });
    const sequences = Array.from({ length: 20 }, (_, i) => i);
    await untilReceived(first, second, sequences);
    await untilReceived(third, second, sequences);
    expect(await second.received()).toEqual([]);
  });

  it('answers a request of one peer by the other', async () => {
    const { peerId, addresses } = third;
    expect(await second.tell({ do: 'request', peer: peerId, addresses, sequence: 7 })).toMatchObject({
      sender: publicKeyOf(peerId),
    });
    expect(await second.tell({ do: 'request', peer: peerId, addresses, sequence: 0 })).toBeUndefined();
  });

  it('goes on without its bootstrap node, and takes it up again under its old name', async () => {
    await first.kill();
    await untilJoined([second, third]);
    await second.tell({ do: 'publish bids', count: 1, sequence: 100 });
    await eventually(async () => expect(await sequencesOf(third, second)).toContain(100));

    const again = await peers.start({}, { directory: first.directory });
    expect(again.peerId).toBe(first.peerId);
    await untilJoined([again, second, third]);
    await third.tell({ do: 'publish bids', count: 1, sequence: 200 });
    await untilReceived(again, third, [200]);
  });
});

describe('a hostile peer', () => {
  it('is cut off when it floods, and the others hear one another all the same', async () => {
    const honest = await peers.start();
    const bootstrap = [...honest.addresses];
    const [other, hostile] = await Promise.all([peers.start({ bootstrap }), peers.start({ bootstrap })]);
    await untilJoined([honest, other, hostile]);
    const refused = async () => (await honest.status()).paths[0]?.refused;

    // An hour and a half old; an honest peer's message on another topic; too long; and no messages at all.
    const [known] = (await other.tell({ do: 'publish bids', count: 1, sequence: 1 })) as [string];
    await untilReceived(hostile, other, [1]);
    await hostile.tell({ do: 'publish bids', count: 1, sequence: 1_000, issued: Date.now() - 5_400_000 });
    await hostile.tell({ do: 'publish bytes', topic: 'offers', hex: [known] });
    await hostile.tell({ do: 'publish bytes', topic: 'bids', hex: ['ff'.repeat(65_537), ...junk(500)] });
    await eventually(async () =>
      expect(await refused()).toMatchObject({
        stale: 1,
        topic: 1,
        oversized: 1,
        malformed: expect.any(Number),
      }),
    );

    await eventually(async () => {
      const before = await refused();
      await hostile.tell({ do: 'publish bytes', topic: 'bids', hex: junk(5) });
      const { peerId: peer, addresses } = honest;
      await hostile.tell({ do: 'request', peer, addresses, sequence: 0 });
      expect(await refused()).toEqual(before);
    });
    // It is not even listened to any more, and goes on in vain while the others talk.
    const atCutOff = await refused();
    await hostile.tell({ do: 'publish bytes', topic: 'bids', hex: junk(500) });
    await other.tell({ do: 'publish bids', count: 10, sequence: 2 });
    await untilReceived(honest, other, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(await refused()).toEqual(atCutOff);
  });
});

/** So many different byte strings that are no messages. */
function junk(count: number): string[] {
  return Array.from({ length: count }, () => randomBytes(64).toString('hex'));
}
