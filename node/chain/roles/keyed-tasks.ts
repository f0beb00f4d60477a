import pLimit from 'p-limit';

/** Tasks, so many at a time, and of each key only one: what is asked for while it runs makes it run once more. */
export class KeyedTasks {
  readonly #limit;
  readonly #running = new Map<string, { again: boolean; ended: Promise<void> }>();
  readonly #onError: (error: unknown, key: string) => void;

  /** @param onError is told of what a task throws, which ends only that task */
  constructor(parallel: number, onError: (error: unknown, key: string) => void) {
    this.#limit = pLimit(parallel);
    this.#onError = onError;
  }

  run(key: string, task: () => Promise<void>): void {
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const entry = { again: false, ended: Promise.resolve() };
    this.#running.set(key, entry);
    entry.ended = this.#limit(async () => {
      do {
        entry.again = false;
        await task().catch((error: unknown) => this.#onError(error, key));
      } while (entry.again);
    }).finally(() => this.#running.delete(key));
  }

  /** Resolves when everything that was asked for so far has ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }
}
