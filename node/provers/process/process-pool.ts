import pLimit from 'p-limit';
import { enter } from '../../enter.ts';
import { type Answer, ProverProcess, type RequestOptions } from './prover-process.ts';
import type { ProverProcessInit } from './running-worker.ts';

/** Some warm processes of one kind; a request goes to any that is idle, or waits for one. */
export class ProcessPool {
  readonly #all: readonly ProverProcess[];
  readonly #idle: ProverProcess[];
  readonly #limit;

  /** @param size processes that may run at once; each starts when it is first needed */
  constructor(init: ProverProcessInit, size: number) {
    this.#all = Array.from({ length: size }, () => new ProverProcess(init));
    this.#idle = [...this.#all];
    this.#limit = pLimit(size);
  }

  /** See {@link ProverProcess.request}. Who is cancelled while all processes are busy waits no longer. */
  request(operation: string, parameters: object, options: RequestOptions = {}): Promise<Answer> {
    return enter<Answer>(this.#limit, options.signal, async () => {
      const process = this.#idle.pop();
      if (process === undefined)
        throw new Error('the limit admits no more requests than there are processes');
      try {
        return await process.request(operation, parameters, options);
      } finally {
        this.#idle.push(process);
      }
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((process) => process.close()));
  }
}
