import type { SignedMessage, Topic } from '../../protocol/messages/index.ts';
import type { GateReason } from './message-gate.ts';

export type TransportName = 'libp2p' | 'waku';

/** How one way of reaching everybody does. */
export interface PathStatus {
  transport: TransportName;
  /** `waiting`: it runs, but nobody is there to hear it. */
  state: 'working' | 'waiting' | 'failed';
  /** Peers that would get a message at once. */
  peers: number;
  published: number;
  delivered: number;
  /** Messages that were not passed on, by reason. */
  refused: Readonly<Record<GateReason, number>>;
  /** What is wrong, in words, where something is. */
  problem?: string;
}

export type MessageHandler = (signed: SignedMessage) => void;

/**
 * A way to say signed messages to everybody who listens to a topic. Handlers get each message once, judged and
 * verified; never one that this node published itself. How soon and whether it comes is not promised.
 */
export interface Transport {
  /** Begins to listen. Who must not miss anything subscribes before. */
  start(): Promise<void>;
  /** @throws TesseraError `NETWORK_FAILED` when no path takes the message */
  publish(topic: Topic, signed: SignedMessage): Promise<void>;
  /** @returns What ends the subscription */
  subscribe(topic: Topic, handler: MessageHandler): () => void;
  /** One entry for each path. */
  status(): readonly PathStatus[];
  close(): Promise<void>;
}
