import { expect, it } from 'vitest';
import { describeUnless } from '../../tests/support/describe-unless.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { missingForNetworks } from '../../tests/support/namespaces.ts';
import { type Gateway, startGateway } from '../network/testing/gateway.ts';
import { SplitNetwork } from '../network/testing/split-network.ts';
import { Peers } from './testing/peers.ts';

describeUnless(missingForNetworks, 'a node behind a router', () => {
  it('has its port forwarded while it runs, and no longer', async () => {
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
      await eventually(() =>
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
      );
      await peer.tell({ do: 'stop' });
      await eventually(() => expect(gateway?.mappings()).toEqual([]));
    } finally {
      await peers.close();
      await gateway?.close();
      await network.close();
    }
  });
});
