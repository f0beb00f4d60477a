import { yamux } from '@chainsafe/libp2p-yamux';
import {
  type CreateNodeOptions,
  createLightNode,
  type IDecodedMessage,
  type LightNode,
  ReliableChannel,
} from '@waku/sdk';
import { TesseraError } from '../../../protocol/errors.ts';
import {
  forgettableAt,
  type SignedMessage,
  type Topic,
  topicNames,
} from '../../../protocol/messages/index.ts';
import { MessageGate } from '../message-gate.ts';
import { PathCounters } from '../path-counters.ts';
import { SeenMessages } from '../seen-messages.ts';
import { TopicHandlers } from '../topic-handlers.ts';
import type { MessageHandler, PathStatus, Transport } from '../transport.ts';
import { closeFilterStreams } from './filter-push.ts';
import { metadataOfBothForms } from './metadata.ts';
import { withRecentStore } from './recent-store.ts';
import { endSynchronisationWithChannel } from './synchronisation.ts';

export interface WakuTransportInit {
  /** Multiaddrs, with peer ids, of service nodes that are reached by WebSocket. */
  serviceNodes: readonly string[];
  /** Waku's cluster, of which shard 0 is used. */
  cluster: number;
  /** By which others of a reliable channel know this node; its peer id. */
  sender: string;
  gate?: MessageGate;
  /** Gets what a handler throws. */
  onFault: (error: unknown) => void;
  /** Milliseconds after which an offer that nobody acknowledged is sent again; 10 s by default. */
  retryInterval?: number;
}

/** Topics whose messages are acknowledged by whoever has them, sent again until then, and fetched by who was away. */
const reliableTopics: readonly Topic[] = ['offers'];

/** What a service node brings: its messages' senders are told apart by their signatures, their carriers not at all. */
const carrier = 'waku';

/**
 * Signed messages over Waku: pushed to a service node (light push), had from it (filter), and where a topic is
 * reliable, acknowledged end to end and fetched from its store by whoever was offline.
 *
 * The SDK brings a libp2p of its own, of another generation; nothing passes from the one to the other but bytes.
 */
export class WakuTransport implements Transport {
  readonly #node: LightNode;
  readonly #gate: MessageGate;
  readonly #counters = new PathCounters();
  readonly #handlers: TopicHandlers;
  readonly #channels = new Map<Topic, ReliableChannel<IDecodedMessage>>();
  /** A service node pushes a node's own messages back to it. */
  readonly #own = new SeenMessages();
  #problem: string | undefined;

  private constructor(node: LightNode, { gate, onFault }: WakuTransportInit) {
    this.#node = node;
    // All that comes has one carrier, so what one peer may bring is no measure here.
    this.#gate = gate ?? new MessageGate();
    this.#handlers = new TopicHandlers(onFault);
  }

  /** Makes the transport; it begins with `start`. */
  static async create(init: WakuTransportInit): Promise<WakuTransport> {
    const { cluster, serviceNodes } = init;
    const node = await createLightNode({
      autoStart: false,
      networkConfig: { clusterId: cluster },
      defaultBootstrap: false,
      bootstrapPeers: [...serviceNodes],
      discovery: { dns: false, peerExchange: false, peerCache: false },
      lightPush: { useLegacy: true },
      libp2p: libp2pOptions(cluster),
    });
    const transport = new WakuTransport(node, init);
    // Before the first connection, which is when the store is asked for what was missed.
    for (const topic of topicNames) await transport.#listen(topic, init);
    return transport;
  }

  /** A service node that is away is joined when it comes. */
  async start(): Promise<void> {
    await this.#node.start();
    await closeFilterStreams(this.#node);
  }

  async publish(topic: Topic, { id, message, bytes }: SignedMessage): Promise<void> {
    this.#own.sight(id, topic, forgettableAt(message), Date.now());
    const channel = this.#channels.get(topic);
    if (channel === undefined) await this.#push(topic, bytes);
    else channel.send(bytes);
    this.#counters.published += 1;
  }

  subscribe(topic: Topic, handler: MessageHandler): () => void {
    return this.#handlers.add(topic, handler);
  }

  status(): readonly PathStatus[] {
    const peers = this.#node.libp2p.getPeers().length;
    const problem = peers === 0 ? 'no service node is connected' : this.#problem;
    return [
      {
        transport: 'waku',
        state: peers > 0 ? 'working' : 'failed',
        peers,
        ...this.#counters.snapshot(),
        ...(problem === undefined ? {} : { problem }),
      },
    ];
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) channel.stop();
    this.#node.filter.unsubscribeAll();
    await this.#node.stop();
  }

  async #listen(topic: Topic, { sender, retryInterval = 10_000 }: WakuTransportInit): Promise<void> {
    const decoder = this.#node.createDecoder({ contentTopic: contentTopic(topic), shardId: 0 });
    if (!reliableTopics.includes(topic)) {
      await this.#node.filter.subscribe(decoder, ({ payload }) => this.#receive(topic, payload));
      return;
    }
    const channel = await ReliableChannel.create(
      withRecentStore(this.#node),
      contentTopic(topic),
      sender,
      this.#node.createEncoder({ contentTopic: contentTopic(topic), shardId: 0 }),
      decoder,
      {
        // An acknowledgement travels with the next synchronisation: its latency is about this interval.
        syncMinIntervalMs: 2_000,
        retryIntervalMs: retryInterval,
        sweepInBufIntervalMs: 500,
        processTaskMinElapseMs: 50,
      },
    );
    endSynchronisationWithChannel(channel);
    channel.addEventListener('message-received', ({ detail }) => this.#receive(topic, detail.payload));
    channel.addEventListener('message-acknowledged', () => {
      this.#problem = undefined;
    });
    channel.addEventListener('sending-message-irrecoverable-error', ({ detail }) => {
      this.#problem = `an offer could not be sent: ${detail.error}`;
    });
    this.#channels.set(topic, channel);
  }

  #receive(topic: Topic, payload: Uint8Array): void {
    const judged = this.#gate.judge(topic, payload, carrier);
    if (judged.verdict === 'accept' && this.#own.has(judged.signed.id)) return;
    if (judged.verdict !== 'accept') {
      this.#counters.refuse(judged.reason);
      return;
    }
    this.#counters.delivered += 1;
    this.#handlers.deliver(topic, judged.signed);
  }

  async #push(topic: Topic, payload: Uint8Array): Promise<void> {
    const encoder = this.#node.createEncoder({ contentTopic: contentTopic(topic), shardId: 0 });
    const { successes, failures } = await this.#node.lightPush.send(encoder, { payload });
    if (successes.length > 0) {
      this.#problem = undefined;
      return;
    }
    this.#problem = failures.map(({ error }) => error).join(', ');
    throw new TesseraError('NETWORK_FAILED', {
      message: `No Waku service node took the message: ${this.#problem}`,
      remedy: 'Check the addresses in --waku-peers, and that the nodes run.',
    });
  }
}

/** For the SDK's own libp2p, whose types its published ones take for those of the libp2p beside it. */
function libp2pOptions(cluster: number): NonNullable<CreateNodeOptions['libp2p']> {
  return {
    filterMultiaddrs: false,
    hideWebSocketInfo: true,
    streamMuxers: [yamux()],
    services: { metadata: metadataOfBothForms(cluster) },
  } as unknown as NonNullable<CreateNodeOptions['libp2p']>;
}

/** Waku's names: `/application/version/topic/encoding` (specification 23, WAKU2-TOPICS). */
function contentTopic(topic: Topic): string {
  return `/tessera/1/${topic}/cbor`;
}
