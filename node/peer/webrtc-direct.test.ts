import { afterAll, expect, it } from 'vitest';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { Peers } from './testing/peers.ts';

/** Milliseconds between two bids: no more than a sender may say. */
const interval = 1_000;

const peers = new Peers();
afterAll(() => peers.close());

it('joins a process to one that listens on nothing else: gossip and requests pass both ways', async () => {
  const first = await peers.start({ listen: ['/ip4/127.0.0.1/udp/0/webrtc-direct'] });
  expect(first.addresses).toEqual([expect.stringMatching(/\/webrtc-direct\/certhash\/[^/]+\/p2p\//)]);
  const second = await peers.start({ listen: [], webrtc: true, bootstrap: [...first.addresses] });

  let sequence = 0;
  for (const [from, to] of [
    [second, first],
    [first, second],
  ] as const) {
    await eventually(async () => {
      await from.tell({ do: 'publish bids', count: 1, sequence: ++sequence });
      const senders = (await to.received()).map(({ sender }) => sender);
      expect(senders).toContain(publicKeyOf(from.peerId));
    }, interval);
    await eventually(async () => {
      const { peerId: peer, addresses } = to;
      const answer = await from.tell({ do: 'request', peer, addresses, sequence: 7 });
      expect(answer).toMatchObject({ sender: publicKeyOf(to.peerId) });
    }, interval);
  }
});
