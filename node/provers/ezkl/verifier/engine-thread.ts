/** `@ezkljs/engine` in a thread of its own, with a memory limit and a deadline. Node only. */
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { aborted } from '../../../abort.ts';
import { enter } from '../../../enter.ts';
import type { EngineInput, EzklEngine } from './engine-opinion.ts';
import type { WorkerAnswer } from './engine-worker.ts';

export interface EngineThreadOptions {
  /** Milliseconds that one proof may take. */
  timeout?: number;
  /** Bytes of memory for the engine. */
  memoryLimit?: number;
}

/** A small circuit takes 200 MB; a key unpacks to 2^k field elements a selector, so large ones take more. */
const defaultEngineThreadOptions = { timeout: 120_000, memoryLimit: 2 * 2 ** 30 } as const;

type Answer = Awaited<ReturnType<EzklEngine['verify']>>;

/**
 * Keeps one thread warm and puts requests before it one at a time; one that is cancelled waits no longer. The thread is
 * ended, and a new one started for the next request, after a trap, at the deadline and on cancellation. It does not keep
 * the process alive.
 */
export function createEngineThread(
  options: EngineThreadOptions = {},
): EzklEngine & { close(): Promise<void> } {
  const { timeout, memoryLimit } = { ...defaultEngineThreadOptions, ...options };
  let worker: Worker | undefined;
  const turns = pLimit(1);

  // A trap does not tell a panic on hostile input from a want of memory: refuse, and say both.
  const trapped = (reason: string) =>
    `the engine failed on it, given ${memoryLimit} bytes of memory: ${reason}`;
  const start = (): Worker => {
    if (worker !== undefined) return worker;
    // Compiled, this file and the worker are .js; run from source, .ts.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const started = new Worker(new URL(`./engine-worker.${extension}`, import.meta.url), {
      workerData: { memoryLimit },
      // The engine prints its panics; the answer carries their reason. Left unread: reading would keep the
      // process alive.
      stdout: true,
      stderr: true,
      execArgv: [],
    });
    started.unref();
    worker = started;
    return started;
  };
  const end = async (): Promise<void> => {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  };

  const ask = (input: EngineInput, signal: AbortSignal | undefined): Promise<Answer> =>
    new Promise<Answer>((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted(signal));
        return;
      }
      const thread = start();
      thread.ref();
      const settle = (act: () => void, keep: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        thread.unref();
        // Swallows nothing: terminate() only fails for a thread that has ended.
        if (keep) act();
        else void end().finally(act);
      };
      const answer = (value: Answer, keep: boolean) => settle(() => resolve(value), keep);
      const onAbort = () => settle(() => reject(aborted(signal)), false);
      const onError = (error: Error) => answer({ verdict: 'unavailable', reason: error.message }, false);
      const onExit = () => answer({ verdict: 'unavailable', reason: 'the engine ended' }, false);
      const onMessage = (message: WorkerAnswer) => {
        switch (message.type) {
          case 'ready':
            return;
          case 'missing':
            return answer(
              { verdict: 'unavailable', reason: `it cannot be loaded: ${message.reason}` },
              false,
            );
          case 'accepted':
            return answer({ verdict: 'valid' }, true);
          case 'rejected':
            return answer({ verdict: 'invalid', reason: message.reason }, true);
          case 'broken':
            return answer({ verdict: 'invalid', reason: trapped(message.reason) }, false);
        }
      };
      const timer = setTimeout(
        () => answer({ verdict: 'unavailable', reason: `no answer within ${timeout} ms` }, false),
        timeout,
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
      thread.postMessage(input);
    });

  return {
    verify: (input, signal) => enter<Answer>(turns, signal, () => ask(input, signal)),
    close: end,
  };
}
