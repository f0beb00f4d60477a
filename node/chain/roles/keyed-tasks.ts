import pLimit from 'p-limit';

type Task = () => Promise<void>;

interface Entry {
  /** What is to be run at its next turn. */
  task: Task | undefined;
  ended: Promise<void>;
}

/**
 * Tasks, so many at a time, and of each key only one. What is asked for while a key's task runs is run after it, behind
 * all that waits by then: no key keeps the others from their turns. Of what is asked for meanwhile, the last counts.
 */
export class KeyedTasks {
  readonly #limit;
  readonly #entries = new Map<string, Entry>();
  readonly #onError: (error: unknown, key: string) => void;

  /** @param onError is told of what a task throws, which ends only that task */
  constructor(parallel: number, onError: (error: unknown, key: string) => void) {
    this.#limit = pLimit(parallel);
    this.#onError = onError;
  }

  run(key: string, task: Task): void {
    const waiting = this.#entries.get(key);
    if (waiting !== undefined) {
      waiting.task = task;
      return;
    }
    const entry: Entry = { task, ended: Promise.resolve() };
    this.#entries.set(key, entry);
    entry.ended = this.#runAll(key, entry);
  }

  /** Resolves when everything that was asked for so far has ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ ended }) => ended));
  }

  async #runAll(key: string, entry: Entry): Promise<void> {
    try {
      while (entry.task !== undefined) {
        await this.#limit(async () => {
          const { task } = entry;
          entry.task = undefined;
          await task?.().catch((error: unknown) => this.#onError(error, key));
        });
      }
    } finally {
      this.#entries.delete(key);
    }
  }
}
