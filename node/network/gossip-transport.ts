import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub';
import { type SignedMessage, type Topic, topicAddress, topicNames } from '../../protocol/messages/index.ts';
import { MessageGate } from './message-gate.ts';
import { PathCounters } from './path-counters.ts';
import { TopicHandlers } from './topic-handlers.ts';
import type { MessageHandler, PathStatus, Transport } from './transport.ts';

export interface GossipTransportInit {
  pubsub: GossipSub;
  gate?: MessageGate;
  /** Gets what a handler throws. */
  onFault: (error: unknown) => void;
}

/**
 * Signed messages over libp2p's gossip. Every message is judged before it is passed on to others, and the verdict
 * goes into the score of the peer that brought it.
 */
export class GossipTransport implements Transport {
  readonly #pubsub: GossipSub;
  readonly #gate: MessageGate;
  readonly #counters = new PathCounters();
  readonly #handlers: TopicHandlers;

  constructor({ pubsub, gate = new MessageGate(), onFault }: GossipTransportInit) {
    this.#pubsub = pubsub;
    this.#gate = gate;
    this.#handlers = new TopicHandlers(onFault);
  }

  async start(): Promise<void> {
    // Passes on what others say, whether or not this node acts upon it: the mesh lives from that.
    for (const topic of topicNames) {
      const address = topicAddress(topic);
      this.#pubsub.topicValidators.set(address, (peer, { data }) =>
        this.#validate(topic, data, peer.toString()),
      );
      this.#pubsub.subscribe(address);
    }
  }

  async publish(topic: Topic, { bytes }: SignedMessage): Promise<void> {
    await this.#pubsub.publish(topicAddress(topic), bytes);
    this.#counters.published += 1;
  }

  subscribe(topic: Topic, handler: MessageHandler): () => void {
    return this.#handlers.add(topic, handler);
  }

  status(): readonly PathStatus[] {
    const peers = new Set(
      topicNames.flatMap((topic) => this.#pubsub.getSubscribers(topicAddress(topic)).map(String)),
    );
    return [
      {
        transport: 'libp2p',
        state: peers.size > 0 ? 'working' : 'waiting',
        peers: peers.size,
        ...this.#counters.snapshot(),
      },
    ];
  }

  async close(): Promise<void> {
    for (const topic of topicNames) {
      this.#pubsub.unsubscribe(topicAddress(topic));
      this.#pubsub.topicValidators.delete(topicAddress(topic));
    }
  }

  #validate(topic: Topic, data: Uint8Array, source: string): TopicValidatorResult {
    const judged = this.#gate.judge(topic, data, source);
    if (judged.verdict === 'accept') {
      this.#counters.delivered += 1;
      this.#handlers.deliver(topic, judged.signed);
      return TopicValidatorResult.Accept;
    }
    this.#counters.refuse(judged.reason);
    return judged.verdict === 'reject' ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
  }
}
