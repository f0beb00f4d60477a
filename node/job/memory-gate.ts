import { Semaphore } from 'async-mutex';
import { TesseraError } from '../../protocol/errors.ts';

const unit = 2 ** 20;
/** Units that are told apart: the semaphore takes time by its weight, and more memory than a TiB is as good as any. */
const mostUnits = 2 ** 20;

/**
 * Lets work in as far as its expected memory fits into a budget; work that expects more than all of it runs alone.
 * Units are bytes, counted in whole MiB.
 */
export class MemoryGate {
  readonly #budget: number;
  readonly #semaphore: Semaphore;

  constructor(budget: number) {
    this.#budget = Math.min(mostUnits, Math.max(1, Math.floor(budget / unit)));
    this.#semaphore = new Semaphore(this.#budget);
  }

  async run<T>(expectedBytes: number, work: () => Promise<T>): Promise<T> {
    const weight = Math.min(this.#budget, Math.max(1, Math.ceil(expectedBytes / unit)));
    const [, release] = await this.#semaphore.acquire(weight);
    try {
      return await work();
    } finally {
      release();
    }
  }
}

/**
 * Refuses a segment that a gate would let run alone, though it expects more than all of the budget.
 *
 * @throws TesseraError `MEMORY_EXCEEDED`
 */
export function requireRoom(expected: number, memory: number): void {
  if (expected <= memory) return;
  throw new TesseraError('MEMORY_EXCEEDED', {
    message: `The segment is expected to take ${expected} bytes, of ${memory} that are allowed`,
  });
}
