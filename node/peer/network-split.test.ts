import { afterAll, beforeAll, expect, it } from 'vitest';
import { publicKeyOf } from '../../protocol/messages/index.ts';
import { describeUnless } from '../../tests/support/describe-unless.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { missingForNetworks } from '../../tests/support/namespaces.ts';
import { type Side, SplitNetwork } from '../network/testing/split-network.ts';
import { Peers, type RemotePeer } from './testing/peers.ts';

describeUnless(missingForNetworks, 'a network that is split', () => {
  const peers = new Peers();
  let network: SplitNetwork;
  /** Two on each side; all joined by the first. */
  let all: readonly RemotePeer[];

  beforeAll(async () => {
    network = await SplitNetwork.open();
    const start = (side: Side, bootstrap: readonly string[]) =>
      peers.start(
        { listen: [network.listen(side)], bootstrap: [...bootstrap] },
        { wrap: network.wrap(side) },
      );
    const door = await start('left', []);
    all = [
      door,
      ...(await Promise.all(
        (['left', 'right', 'right'] as const).map((side) => start(side, door.addresses)),
      )),
    ];
    for (const peer of all) {
      await eventually(async () => {
        const [path] = (await peer.status()).paths;
        expect(path?.peers).toBe(all.length - 1);
      });
    }
  });
  afterAll(async () => {
    await peers.close();
    await network.close();
  });

  /** The sequences of the bids that one peer had from another. */
  async function sequencesOf(peer: RemotePeer, from: RemotePeer): Promise<number[]> {
    const sender = publicKeyOf(from.peerId);
    return (await peer.received()).filter((bid) => bid.sender === sender).map(({ sequence }) => sequence);
  }

  let sequence = 0;
  /** One peer bids until all of these have heard it since: a single bid may fall between two connections. */
  async function untilHeard(from: RemotePeer, by: readonly RemotePeer[]): Promise<void> {
    const before = sequence;
    await eventually(async () => {
      await from.tell({ do: 'publish bids', count: 1, sequence: ++sequence });
      for (const peer of by) {
        expect((await sequencesOf(peer, from)).some((heard) => heard > before)).toBe(true);
      }
    }, 1_000);
  }

  it('goes on in each part, and becomes one again when it is healed', async () => {
    const [door, left, right, other] = all as [RemotePeer, RemotePeer, RemotePeer, RemotePeer];
    await network.split();
    await untilHeard(left, [door]);
    await untilHeard(right, [other]);
    expect([await sequencesOf(other, left), await sequencesOf(door, right)]).toEqual([[], []]);
    const { peerId: peer, addresses } = other;
    await expect(
      left.tell({ do: 'request', peer, addresses, sequence: 1_000, timeout: 1_000 }),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });

    await network.heal();
    await untilHeard(left, [door, right, other]);
    await untilHeard(right, [door, left, other]);
    await eventually(async () => {
      expect(await left.tell({ do: 'request', peer, addresses, sequence: 1_001 })).toBeDefined();
    });
  });
});
