import pLimit, { type LimitFunction } from 'p-limit';
import { enter } from '../enter.ts';
import { MemoryGate } from '../job/memory-gate.ts';
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
    return enter((inner) => this.#places(() => this.#memory.run(memory, inner)), signal, work);
  }
}
