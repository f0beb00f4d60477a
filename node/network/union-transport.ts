import { TesseraError } from '../../protocol/errors.ts';
import { forgettableAt, type SignedMessage, type Topic, topicNames } from '../../protocol/messages/index.ts';
import { SeenMessages } from './seen-messages.ts';
import { TopicHandlers } from './topic-handlers.ts';
import type { MessageHandler, PathStatus, Transport } from './transport.ts';

export interface UnionTransportInit {
  paths: readonly Transport[];
  /** Gets what a handler throws. */
  onFault: (error: unknown) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** Several transports as one: a message goes every way, comes by whichever is faster, and counts once. */
export class UnionTransport implements Transport {
  readonly #paths: readonly Transport[];
  readonly #now: () => number;
  readonly #seen = new SeenMessages();
  readonly #handlers: TopicHandlers;

  constructor({ paths, onFault, now = Date.now }: UnionTransportInit) {
    this.#paths = paths;
    this.#now = now;
    this.#handlers = new TopicHandlers(onFault);
    for (const topic of topicNames) {
      for (const path of paths) {
        path.subscribe(topic, (signed) => {
          if (this.#isNew(signed)) this.#handlers.deliver(topic, signed);
        });
      }
    }
  }

  async start(): Promise<void> {
    await Promise.all(this.#paths.map((path) => path.start()));
  }

  async publish(topic: Topic, signed: SignedMessage): Promise<void> {
    // What comes back by a path that does not know its own is no message from others.
    this.#isNew(signed);
    const outcomes = await Promise.allSettled(this.#paths.map((path) => path.publish(topic, signed)));
    const reasons = outcomes.filter(({ status }) => status === 'rejected').map(reasonOf);
    if (reasons.length < outcomes.length) return;
    throw new TesseraError('NETWORK_FAILED', {
      message: `No transport took the message: ${reasons.join('; ')}`,
      remedy: 'See `tessera status` for what is wrong with each.',
      cause: new AggregateError(reasons),
    });
  }

  subscribe(topic: Topic, handler: MessageHandler): () => void {
    return this.#handlers.add(topic, handler);
  }

  status(): readonly PathStatus[] {
    return this.#paths.flatMap((path) => path.status());
  }

  async close(): Promise<void> {
    await Promise.all(this.#paths.map((path) => path.close()));
  }

  #isNew({ id, message }: SignedMessage): boolean {
    return this.#seen.sight(id, 'any path', forgettableAt(message), this.#now()) === 'new';
  }
}

function reasonOf(outcome: PromiseSettledResult<void>): unknown {
  return outcome.status === 'rejected' ? outcome.reason : undefined;
}
