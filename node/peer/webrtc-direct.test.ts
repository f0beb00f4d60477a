import { afterAll, expect, it, vi } from 'vitest';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { Peers } from './testing/peers.ts';

const peers = new Peers();
afterAll(() => peers.close());

it('joins two processes that have no other transport: gossip and requests pass', async () => {
  const listen = ['/ip4/127.0.0.1/udp/0/webrtc-direct'];
  const first = await peers.start({ listen });
  expect(first.addresses).toEqual([expect.stringMatching(/\/webrtc-direct\/certhash\/[^/]+\/p2p\//)]);
  const second = await peers.start({ listen, bootstrap: [...first.addresses] });
  const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 120_000, interval: 200 });

  let sequence = 0;
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    await eventually(async () => {
      await from.tell({ do: 'publish bids', count: 1, sequence: ++sequence });
      const senders = (await to.received()).map(({ sender }) => sender);
      expect(senders).toContain(publicKeyOf(from.peerId));
    });
    const { peerId: peer, addresses } = to;
    expect(await from.tell({ do: 'request', peer, addresses, sequence: 7, timeout: 60_000 })).toMatchObject({
      sender: publicKeyOf(to.peerId),
    });
  }
}, 300_000);
