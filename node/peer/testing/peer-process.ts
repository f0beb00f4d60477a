/** A peer in a process of its own, told what to do by the test that forked it. Its one argument is a `ProcessInit`. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { type Topic, topicAddress } from '../../../protocol/messages/index.ts';
import { servePeer } from '../../api/index.ts';
import { type Configuration, configurationSchema } from '../../configuration/index.ts';
import { bidOf } from '../../network/testing/bids.ts';
import { nodeFiles } from '../../store/index.ts';
import { createLog, type PeerStatus, startPeer } from '../index.ts';

export interface ProcessInit {
  directory: string;
  configuration: Partial<Configuration>;
}

/** What a test may ask for; each is answered once, by an `Answer` with the same number. */
export type Order =
  | { do: 'publish bids'; count: number; sequence?: number; issued?: number }
  /** As no honest node would: past its own checks. */
  | { do: 'publish bytes'; topic: Topic; hex: readonly string[] }
  | { do: 'request'; peer: string; addresses: readonly string[]; sequence: number; timeout?: number }
  | { do: 'received' }
  | { do: 'status' }
  /** As a node that is told to end; its process goes on. */
  | { do: 'stop' };

export type Answer = { number: number } & (
  | { value: unknown }
  | { error: { code?: string; message: string } }
);

export interface Received {
  id: string;
  sender: string;
  sequence: number;
}

const { directory, configuration: partial } = JSON.parse(process.argv[2] ?? '') as ProcessInit;
const configuration = configurationSchema.parse({
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  apiPort: 0,
  logLevel: 'warn',
  connectionsPerHost: 1_000,
  ...partial,
});
const files = nodeFiles(directory);

const bid = (sequence: number, issued?: number) =>
  bidOf({ secretKey: peer.identity.secretKey, sequence, ...(issued === undefined ? {} : { issued }) });

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'publish bids': {
      const { count, sequence = 0, issued } = order;
      const bids = Array.from({ length: count }, (_, i) => bid(sequence + i, issued));
      for (const signed of bids) await peer.transport.publish('bids', signed);
      return bids.map(({ bytes }) => bytesToHex(bytes));
    }
    case 'publish bytes':
      for (const hex of order.hex) {
        await peer.libp2p.services.pubsub.publish(topicAddress(order.topic), hexToBytes(hex));
      }
      return undefined;
    case 'request': {
      const { peer: target, addresses, sequence, timeout = 10_000 } = order;
      const answer = await peer.requests.request({ peer: target, addresses }, bid(sequence), { timeout });
      return answer === undefined ? undefined : { id: answer.id, sender: answer.message.sender };
    }
    case 'received':
      return received;
    case 'status':
      return peer.status();
    case 'stop':
      await api.close();
      return peer.stop();
  }
}

const peer = await startPeer({
  configuration,
  files,
  log: createLog(configuration.logLevel, process.stderr),
});
const api = await servePeer({ peer, configuration, files });
const received: Received[] = [];
peer.transport.subscribe('bids', ({ id, message }) => {
  if (message.kind === 'bid') received.push({ id, sender: message.sender, sequence: message.sequence });
});
// Answers with the same sequence; says nothing to 0.
await peer.requests.serve(async ({ message }) =>
  message.kind === 'bid' && message.sequence > 0 ? bid(message.sequence) : undefined,
);

process.on('message', async ({ number, order }: { number: number; order: Order }) => {
  let answer: Answer;
  try {
    answer = { number, value: await obey(order) };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    answer = { number, error: { ...(code === undefined ? {} : { code }), message } };
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: { ...peer.status(), api: api.url } satisfies PeerStatus & { api: string } });
