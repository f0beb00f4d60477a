import { hexToBytes } from '@noble/hashes/utils.js';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { jobId, type Offer, type SignedMessage, signMessage } from '../../../protocol/messages/index.ts';
import { describeUnless } from '../../../tests/support/describe-unless.ts';
import { eventually } from '../../../tests/support/eventually.ts';
import { bidOf } from '../testing/bids.ts';
import {
  buildServiceNode,
  missingForServiceNode,
  type ServiceNode,
  startServiceNode,
} from './testing/service-node.ts';
import { WakuTransport } from './waku-transport.ts';

const secretKey = hexToBytes('33'.repeat(32));
const bid = (sequence: number) => bidOf({ secretKey, sequence });

function offer(): SignedMessage<Offer> {
  const { sender } = bid(0).message;
  const digest = '00'.repeat(32);
  const offered: Offer = {
    kind: 'offer',
    sender,
    issued: Date.now(),
    expires: Date.now() + 600_000,
    job: jobId(sender, digest, digest),
    nonce: digest,
    manifest: digest,
    commitments: digest,
    access: 'open',
    needs: [],
    price: 0n,
    deadline: Date.now() + 600_000,
    addresses: [],
  };
  return signMessage(offered, secretKey);
}

describeUnless(missingForServiceNode, 'Waku, with a service node', () => {
  let binary: string;
  let service: ServiceNode;
  const open: WakuTransport[] = [];

  beforeAll(async () => {
    binary = await buildServiceNode();
    service = await startServiceNode(binary);
  }, 900_000);

  afterEach(async () => {
    await Promise.all(open.splice(0).map((transport) => transport.close()));
  });

  afterAll(() => service?.stop());

  /** @param heard Gets the ids of offers, from the first on */
  async function join(sender: string, heard: string[] = []): Promise<WakuTransport> {
    const transport = await WakuTransport.create({
      serviceNodes: [service.address],
      cluster: 42,
      sender,
      onFault: (error) => {
        throw error;
      },
      retryInterval: 2_000,
    });
    open.push(transport);
    transport.subscribe('offers', ({ id }) => heard.push(id));
    await transport.start();
    await eventually(() => expect(transport.status()[0]?.state).toBe('working'));
    return transport;
  }

  /** Says the same until it is heard: a subscription takes hold a moment after the connection. */
  async function untilHeard(from: WakuTransport, at: readonly string[]): Promise<void> {
    let sequence = 1_000;
    await eventually(async () => {
      await from.publish('bids', bid(++sequence));
      await vi.waitFor(() => expect(at.length).toBeGreaterThan(0), { timeout: 1_000 });
    });
  }

  it('delivers every message once, to the others, and more than a hundred', async () => {
    const [one, two] = await Promise.all([join('one'), join('two')]);
    const [atOne, atTwo]: [string[], string[]] = [[], []];
    one.subscribe('bids', ({ id }) => atOne.push(id));
    two.subscribe('bids', ({ id }) => atTwo.push(id));
    await untilHeard(one, atTwo);
    atTwo.length = 0;
    // No more at once than a sender's rate allows.
    const sent: string[] = [];
    for (let batch = 0; batch < 3; batch++) {
      for (let i = 0; i < 50; i++) {
        const message = bidOf({ secretKey: new Uint8Array(32).fill(10 + batch), sequence: i });
        sent.push(message.id);
        await one.publish('bids', message);
      }
    }
    await eventually(() => expect(atTwo.toSorted()).toEqual(sent.toSorted()));
    expect(atOne).toEqual([]);
  });

  it('delivers an offer to who was away when it was made', async () => {
    const [heard, heardLater]: [string[], string[]] = [[], []];
    const requester = await join('requester');
    await join('present', heard);
    const offered = offer();
    await requester.publish('offers', offered);
    await eventually(() => expect(heard).toEqual([offered.id]));

    await join('late', heardLater);
    await eventually(() => expect(heardLater).toEqual([offered.id]));
    expect(heard).toEqual([offered.id]);
  });

  it('says when it has no service node, and goes on when there is one again', async () => {
    const transport = await join('one');
    const { port } = service;
    await service.stop();
    await eventually(() => expect(transport.status()[0]).toMatchObject({ state: 'failed', peers: 0 }));
    await expect(transport.publish('bids', bid(1))).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
    service = await startServiceNode(binary, port);
    await eventually(() => expect(transport.status()[0]?.state).toBe('working'));
  });
});
