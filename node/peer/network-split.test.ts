import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { networksPermitted, type Side, SplitNetwork } from '../network/testing/split-network.ts';
import { Peers, type RemotePeer } from './testing/peers.ts';

/** Waits for something that other processes bring about. */
function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 60_000, interval: 100 });
}

describe.skipIf(!networksPermitted)('a network that is split', () => {
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

  const heard = async (peer: RemotePeer) => (await peer.received()).map(({ sequence }) => sequence);

  it('goes on in each part, and becomes one again when it is healed', async () => {
    const [door, left, right, other] = all as [RemotePeer, RemotePeer, RemotePeer, RemotePeer];
    await network.split();
    await left.tell({ do: 'publish bids', count: 1, sequence: 1 });
    await right.tell({ do: 'publish bids', count: 1, sequence: 2 });
    await eventually(async () => expect(await heard(door)).toEqual([1]));
    await eventually(async () => expect(await heard(other)).toEqual([2]));
    const { peerId: peer, addresses } = other;
    await expect(
      left.tell({ do: 'request', peer, addresses, sequence: 3, timeout: 1_000 }),
    ).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });

    await network.heal();
    await left.tell({ do: 'publish bids', count: 1, sequence: 11 });
    await right.tell({ do: 'publish bids', count: 1, sequence: 12 });
    for (const each of [door, right, other]) {
      await eventually(async () => expect(await heard(each)).toContain(11));
    }
    for (const each of [door, left, other]) {
      await eventually(async () => expect(await heard(each)).toContain(12));
    }
    expect(await left.tell({ do: 'request', peer, addresses, sequence: 4 })).toBeDefined();
  });
});
