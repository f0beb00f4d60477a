import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeUnless } from '../../tests/support/describe-unless.ts';
import { eventually } from '../../tests/support/eventually.ts';
import type { Configuration } from '../configuration/index.ts';
import {
  buildServiceNode,
  missingForServiceNode,
  type ServiceNode,
  startServiceNode,
} from '../network/waku/testing/service-node.ts';
import { Peers, type RemotePeer } from './testing/peers.ts';

describeUnless(missingForServiceNode, 'libp2p and Waku together', () => {
  const peers = new Peers();
  let service: ServiceNode;
  let one: RemotePeer;
  let two: RemotePeer;
  let byWakuOnly: RemotePeer;

  beforeAll(async () => {
    service = await startServiceNode(await buildServiceNode());
    const both: Partial<Configuration> = { transport: 'both', wakuPeers: [service.address] };
    one = await peers.start(both);
    two = await peers.start({ ...both, bootstrap: [...one.addresses] });
    // Knows nobody of the libp2p network.
    byWakuOnly = await peers.start(both);
  }, 900_000);

  afterAll(async () => {
    await peers.close();
    await service?.stop();
  });

  const statesOf = async (peer: RemotePeer) => (await peer.status()).paths.map(({ state }) => state);
  const sequencesOf = async (peer: RemotePeer) =>
    (await peer.received()).map(({ sequence }) => sequence).toSorted((a, b) => a - b);

  it('deliver each message once, and by whichever way there is', async () => {
    await eventually(async () => {
      expect(await statesOf(two)).toEqual(['working', 'working']);
      expect(await statesOf(byWakuOnly)).toEqual(['waiting', 'working']);
    });
    // Until the subscription at the service node has taken hold, a message or two may go by.
    let sequence = 0;
    await eventually(async () => {
      await one.tell({ do: 'publish bids', count: 1, sequence: ++sequence });
      expect(await sequencesOf(byWakuOnly)).toContain(sequence);
    });
    const sent = Array.from({ length: 20 }, (_, i) => 100 + i);
    await one.tell({ do: 'publish bids', count: sent.length, sequence: 100 });
    for (const peer of [two, byWakuOnly]) {
      await eventually(async () =>
        expect((await sequencesOf(peer)).filter((number) => number >= 100)).toEqual(sent),
      );
    }
    // Both ways brought them; they counted once.
    await eventually(async () => {
      const delivered = (await two.status()).paths.map((path) => path.delivered);
      expect(Math.min(...delivered)).toBeGreaterThanOrEqual(sent.length);
    });
    expect(await one.received()).toEqual([]);
  });

  it('go on over libp2p when the Waku service node is gone, and show it', async () => {
    await service.stop();
    await eventually(async () => expect(await statesOf(two)).toEqual(['working', 'failed']));
    await one.tell({ do: 'publish bids', count: 1, sequence: 500 });
    await eventually(async () => expect(await sequencesOf(two)).toContain(500));
  });
});
