import pLimit, { type LimitFunction } from 'p-limit';
import { throwIfAborted } from '../abort.ts';
import { MemoryGate } from '../requester/memory-gate.ts';
import type { WorkerLimits } from './limits.ts';

/** Lets work in as far as a worker's limits allow: so many at once, and no more memory together than it gives. */
export class WorkPlaces {
  readonly #places: LimitFunction;
  readonly #memory: MemoryGate;

  constructor({ parallel, memory }: Pick<WorkerLimits, 'parallel' | 'memory'>) {
    this.#places = pLimit(parallel);
    this.#memory = new MemoryGate(memory);
  }

  /**
   * Runs work when there is room for it. Who is cancelled while waiting waits no longer; what was begun is waited for.
   *
   * @param memory bytes that it is expected to take
   * @throws TesseraError `ABORTED`
   */
  run<T>(memory: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const result = Promise.withResolvers<T>();
    let begun = false;
    const leave = () => {
      if (begun) return;
      try {
        throwIfAborted(signal);
      } catch (error) {
        result.reject(error);
      }
    };
    signal.addEventListener('abort', leave, { once: true });
    const turn = this.#places(() =>
      this.#memory.run(memory, async () => {
        // Its turn comes all the same, and is over at once.
        throwIfAborted(signal);
        begun = true;
        return work();
      }),
    );
    turn.then(result.resolve, result.reject).finally(() => signal.removeEventListener('abort', leave));
    leave();
    return result.promise;
  }
}
