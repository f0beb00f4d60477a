import type { Hex32 } from '../../protocol/edge.ts';
import type { MessageKind, Topic } from '../../protocol/messages/index.ts';

/** What happens in a running node, for the page and for scripts. Each survives JSON. */
export type PeerEvent =
  | { type: 'peer:connect'; peer: string }
  | { type: 'peer:disconnect'; peer: string }
  /** A job of this node's own that begins or ends, and a segment of it that moves. */
  | { type: 'job'; job: string; state: string }
  | { type: 'segment'; job: string; segment: string; state: string; worker: Hex32 }
  | { type: 'message'; topic: Topic; kind: MessageKind; id: Hex32; sender: string };

/** Hands events on to whoever listens at the moment; nothing is kept for later. */
export class EventBus<Event extends { type: string } = PeerEvent> {
  readonly #listeners = new Set<(event: Event) => void>();

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns What ends the subscription */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
