import { expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../network/testing/gateway.ts';
import { networksPermitted, SplitNetwork } from '../network/testing/split-network.ts';
import { Peers } from './testing/peers.ts';

it('has the router forward its port while it runs, and no longer', async (context) => {
  if (!networksPermitted) return context.skip('this machine lets a user make no network of their own');
  const network = await SplitNetwork.open();
  const peers = new Peers();
  let gateway: Gateway | undefined;
  try {
    gateway = await startGateway(network.address('left'), network.wrap('left'));
    const peer = await peers.start(
      { listen: [network.listen('right')], upnp: true },
      { wrap: network.wrap('right') },
    );
    const port = Number(/\/tcp\/(\d+)\//.exec(peer.addresses[0] ?? '')?.[1]);
    await vi.waitFor(
      () =>
        expect(gateway?.mappings()).toEqual([
          {
            protocol: 'TCP',
            externalPort: port,
            internalClient: network.address('right'),
            internalPort: port,
            description: 'tessera',
            lease: 3_600,
          },
        ]),
      { timeout: 120_000, interval: 100 },
    );
    await peer.tell({ do: 'stop' });
    await vi.waitFor(() => expect(gateway?.mappings()).toEqual([]), { timeout: 60_000, interval: 100 });
  } finally {
    await peers.close();
    await gateway?.close();
    await network.close();
  }
}, 300_000);
