import type { Hex32 } from '../../../protocol/edge.ts';
import type { Cancellation, CancellationReason, SignedMessage } from '../../../protocol/messages/index.ts';
import type { Signer } from '../../job/signer.ts';
import type { Logger } from '../../peer/log.ts';
import type { WorkerLink } from './worker-link.ts';

export interface JobCancellationsComponents {
  signer: Pick<Signer, 'sign'>;
  link: Pick<WorkerLink, 'cancel'>;
  /** Says a cancellation to everybody. */
  announce: (message: SignedMessage<Cancellation>) => Promise<void>;
  log: Logger;
}

/** Tells workers what of one job is no longer needed. One that does not hear it learns so when it reports next. */
export class JobCancellations {
  readonly #job: Hex32;
  readonly #components: JobCancellationsComponents;

  constructor(job: Hex32, components: JobCancellationsComponents) {
    this.#job = job;
    this.#components = components;
  }

  /** @param segment all of the job unless given */
  sign(reason: CancellationReason, segment?: number): SignedMessage<Cancellation> {
    return this.#components.signer.sign<Cancellation>({
      kind: 'cancellation',
      job: this.#job,
      ...(segment === undefined ? {} : { segment }),
      reason,
    });
  }

  /** Tells one worker, without waiting for it. */
  send(worker: Hex32, reason: CancellationReason, segment: number): void {
    const { link, log } = this.#components;
    link.cancel(worker, this.sign(reason, segment)).catch((error: unknown) => {
      log.debug({ err: error, worker }, 'a cancellation did not arrive');
    });
  }

  /** Tells everybody that nothing more of the job is needed. @param workers who have something of it */
  async withdraw(reason: CancellationReason, workers: Iterable<Hex32>): Promise<void> {
    const { link, announce, log } = this.#components;
    const message = this.sign(reason);
    const told = [...new Set(workers)].map((worker) => link.cancel(worker, message));
    for (const result of await Promise.allSettled([...told, announce(message)])) {
      if (result.status === 'rejected') log.debug({ err: result.reason }, 'a cancellation did not arrive');
    }
  }
}
