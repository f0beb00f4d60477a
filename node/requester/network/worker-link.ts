import type { Hex32 } from '../../../protocol/edge.ts';
import type {
  Assignment,
  Cancellation,
  Offer,
  Refusal,
  SignedMessage,
} from '../../../protocol/messages/index.ts';
import type { RequestProtocol } from '../../network/request-protocol.ts';
import type { WorkerDirectory } from './worker-directory.ts';

export interface WorkerLinkComponents {
  requests: Pick<RequestProtocol, 'request'>;
  directory: Pick<WorkerDirectory, 'sourceOf'>;
  /** The job's offer, fresh. */
  offer: () => SignedMessage<Offer>;
}

/** What a worker says to an assignment; `unknown offer`: it has forgotten the job, and is told of it with the next one. */
export type AssignmentAnswer =
  | { kind: 'taken' }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'unknown offer' }
  | { kind: 'no answer' };

/** Speaks to the workers of one job. */
export class WorkerLink {
  readonly #components: WorkerLinkComponents;
  /** Workers that have been sent the job's offer. */
  readonly #told = new Set<Hex32>();

  constructor(components: WorkerLinkComponents) {
    this.#components = components;
  }

  /**
   * Sends the job's offer, which also says where this node is reached; by gossip it may come later than an assignment.
   *
   * @throws TesseraError as {@link RequestProtocol.request}
   */
  async tell(worker: Hex32, signal: AbortSignal): Promise<void> {
    const { requests, directory, offer } = this.#components;
    if (this.#told.has(worker)) return;
    await requests.request(directory.sourceOf(worker), offer(), { signal });
    this.#told.add(worker);
  }

  /** @throws TesseraError as {@link RequestProtocol.request} */
  async assign(
    worker: Hex32,
    assignment: SignedMessage<Assignment>,
    signal: AbortSignal,
  ): Promise<AssignmentAnswer> {
    const { requests, directory } = this.#components;
    const knew = this.#told.has(worker);
    await this.tell(worker, signal);
    const answer = await requests.request(directory.sourceOf(worker), assignment, { signal });
    if (answer?.message.kind === 'progress') return { kind: 'taken' };
    if (answer?.message.kind !== 'refusal') return { kind: 'no answer' };
    if (answer.message.reason === 'requester' && knew) {
      // It was started anew since.
      this.#told.delete(worker);
      return { kind: 'unknown offer' };
    }
    return { kind: 'refused', refusal: answer.message };
  }

  /** @throws TesseraError as {@link RequestProtocol.request} */
  async cancel(worker: Hex32, cancellation: SignedMessage<Cancellation>): Promise<void> {
    const { requests, directory } = this.#components;
    await requests.request(directory.sourceOf(worker), cancellation, { timeout: cancelMs });
  }
}

/** Milliseconds to tell a worker that something is over; one that does not hear it learns so when it reports next. */
const cancelMs = 2_000;
