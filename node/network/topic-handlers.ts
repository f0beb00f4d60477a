import type { SignedMessage, Topic } from '../../protocol/messages/index.ts';
import type { MessageHandler } from './transport.ts';

/** Who wants to hear a topic. A handler that throws neither stops the others nor the transport. */
export class TopicHandlers {
  readonly #handlers = new Map<Topic, Set<MessageHandler>>();
  readonly #onFault: (error: unknown) => void;

  /** @param onFault Gets what a handler throws, which is a fault of this program */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** @returns What ends the subscription */
  add(topic: Topic, handler: MessageHandler): () => void {
    const handlers = this.#handlers.get(topic) ?? new Set();
    handlers.add(handler);
    this.#handlers.set(topic, handlers);
    return () => handlers.delete(handler);
  }

  deliver(topic: Topic, signed: SignedMessage): void {
    for (const handler of this.#handlers.get(topic) ?? []) {
      try {
        handler(signed);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
