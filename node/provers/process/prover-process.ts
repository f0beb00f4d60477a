import pLimit from 'p-limit';
import { TesseraError } from '../../../protocol/errors.ts';
import { aborted, throwIfAborted } from '../../abort.ts';
import { showMemory } from '../../memory.ts';
import { encodeFrame } from './frame.ts';
import { MemoryWatch } from './memory-watch.ts';
import { residentMemory } from './resident-memory.ts';
import {
  failed,
  type ProverProcessInit,
  type RunningWorker,
  startWorker,
  type WorkerIdentity,
} from './running-worker.ts';

export interface RequestOptions {
  signal?: AbortSignal;
  /** Resident bytes that the process and its descendants may use. */
  memoryLimit?: number;
  /** Milliseconds that the request may take once it is its turn. */
  timeout?: number;
  onStep?: (step: string) => void;
  /** Lines that the worker and its libraries print. */
  onLog?: (line: string) => void;
}

export interface Answer {
  value: unknown;
  seconds: number;
  /** Highest resident memory while the request ran, in bytes; 0 where the system does not tell. */
  peakBytes: number;
}

/**
 * One warm worker process that answers one request at a time over the frames of README.md. Whatever ends the
 * process (a crash, a limit, a cancellation) ends only the request at hand; the next request starts it again.
 *
 * @example
 * ```ts
 * const process = new ProverProcess({ name: 'ezkl', command: python, args: ['worker.py'], version: '23.0.5', env: {} });
 * try {
 *   const { value, seconds, peakBytes } = await process.request('prove', { witness, key }, { memoryLimit: 2 ** 31 });
 * } finally {
 *   await process.close();
 * }
 * ```
 */
export class ProverProcess {
  readonly #init: ProverProcessInit;
  readonly #oneAtATime = pLimit(1);
  #running: RunningWorker | undefined;
  #closed = false;
  #lastId = 0;

  constructor(init: ProverProcessInit) {
    this.#init = init;
  }

  /** Process id of the warm worker, while there is one. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Starts the worker if need be, and returns what it says of itself. */
  identity(options: RequestOptions = {}): Promise<WorkerIdentity> {
    return this.#oneAtATime(() => this.#started(options).identity);
  }

  /**
   * @param parameters JSON; large data go by file
   * @throws TesseraError `PROVER_FAILED` when the worker says so, `STORAGE_FAILED` when its disk is full,
   *   `PROVER_CRASHED`, `MEMORY_EXCEEDED`, `DEADLINE_EXCEEDED`, `ABORTED`, or `PROVER_MISSING` when it cannot start
   */
  async request(operation: string, parameters: object, options: RequestOptions = {}): Promise<Answer> {
    const { signal } = options;
    throwIfAborted(signal);
    const turn = this.#oneAtATime(() => this.#ask(operation, parameters, options));
    if (signal === undefined) return turn;
    // A request that still waits for its turn ends at once, too.
    const cancelled = Promise.withResolvers<never>();
    const onAbort = () => cancelled.reject(aborted(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([turn, cancelled.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      turn.catch(() => undefined);
    }
  }

  /** Kills the process and waits for its end. Later requests are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    const running = this.#running;
    running?.stop(new TesseraError('ABORTED', { message: `The prover ${this.#init.name} was closed` }));
    await running?.ended;
  }

  async #ask(operation: string, parameters: object, options: RequestOptions): Promise<Answer> {
    const { signal, memoryLimit, timeout, onStep } = options;
    throwIfAborted(signal);
    const running = this.#started(options);
    const { name } = this.#init;
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    const onAbort = () => running.stop(aborted(signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    const deadline =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            running.stop(
              new TesseraError('DEADLINE_EXCEEDED', {
                message: `${name}: ${operation} took longer than ${timeout} ms`,
                remedy: 'Allow more time, or cut the model into smaller segments.',
                details: { operation, timeout },
              }),
            );
          }, timeout);
    const memory = new MemoryWatch(running.child.pid, memoryLimit, (used) => {
      running.stop(
        new TesseraError('MEMORY_EXCEEDED', {
          message: `${name}: ${operation} used ${showMemory(used)} of memory; the limit is ${showMemory(memoryLimit ?? 0)}`,
          remedy: `Allow more memory, at first --memory ${enoughMemory(used)}, or cut the model into smaller segments.`,
          details: { operation, limit: memoryLimit, used },
        }),
      );
    });
    running.onLog = options.onLog;
    running.onMessage = (message) => {
      if (message.type === 'hello' || message.id !== id) {
        running.stop(failed(name, operation, `it sent a ${message.type} message out of turn`, running.lines));
      } else if (message.type === 'progress') onStep?.(message.step);
      else if (message.type === 'result') answer.resolve(message.value);
      else if (message.kind === 'storage') {
        answer.reject(
          new TesseraError('STORAGE_FAILED', {
            message: `${name}: ${operation}: ${message.message}`,
            remedy: 'Free disk space: `tessera cache prune` removes what can be made again.',
            details: { operation },
          }),
        );
      } else answer.reject(failed(name, operation, message.message, running.lines));
    };
    const started = performance.now();
    try {
      await running.identity;
      await memory.start();
      running.child.stdin.write(encodeFrame({ type: 'request', id, operation, parameters }));
      const ended = running.ended.then((reason) => Promise.reject(reason));
      const value = await Promise.race([answer.promise, ended]);
      const seconds = (performance.now() - started) / 1000;
      const peakBytes = await memory.finish();
      await this.#retire(running);
      return { value, seconds, peakBytes };
    } finally {
      clearTimeout(deadline);
      memory.cancel();
      signal?.removeEventListener('abort', onAbort);
      running.onMessage = undefined;
      running.onLog = undefined;
    }
  }

  async #retire({ child, stop, ended }: RunningWorker): Promise<void> {
    const { name, keptMemory } = this.#init;
    if (keptMemory === undefined || child.pid === undefined) return;
    if ((await residentMemory(child.pid)).current <= keptMemory) return;
    stop(
      new TesseraError('ABORTED', { message: `The prover ${name} was ended for the memory that it kept` }),
    );
    await ended;
  }

  #started({ onLog }: RequestOptions): RunningWorker {
    if (this.#closed) {
      throw new TesseraError('ABORTED', { message: `The prover ${this.#init.name} was closed` });
    }
    this.#running ??= startWorker(this.#init, onLog, () => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

/**
 * Twice of what was used when the process was ended, in whole MiB as `--memory` takes them: how much more it would have
 * used nobody knows.
 */
export function enoughMemory(used: number): string {
  return `${Math.ceil((2 * used) / 2 ** 20)}MiB`;
}
