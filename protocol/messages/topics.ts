import type { Message, MessageKind } from './message.ts';

/** What is said to everybody, by topic: the kinds of messages that each carries. */
const messageTopics = {
  offers: ['offer', 'cancellation', 'market-mismatch'],
  bids: ['bid'],
} as const satisfies Record<string, readonly MessageKind[]>;

export type Topic = keyof typeof messageTopics;

export const topicNames = Object.keys(messageTopics) as Topic[];

/** The name of a topic on the network, e.g. `/tessera/1/offers`. */
export function topicAddress(topic: Topic): string {
  return `/tessera/1/${topic}`;
}

/** Whether a message may be said on a topic. */
export function belongsTo(topic: Topic, { kind }: Pick<Message, 'kind'>): boolean {
  return (messageTopics[topic] as readonly MessageKind[]).includes(kind);
}
