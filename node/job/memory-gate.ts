import { Semaphore } from 'async-mutex';

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
