import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { TesseraError } from '../../../../protocol/errors.ts';
import type { KzgScheme } from '../../../../protocol/verifier.ts';
import { throwIfAborted, untilAborted } from '../../../abort.ts';
import { threadError } from '../../../in-thread.ts';
import type { CommitAnswer, CommitRequest } from './commit-task.ts';

/**
 * kzg commitments in a thread of its own: those of a large tensor take seconds that a node has no time for. The thread
 * starts with the first one, stays warm, and does not keep the process alive. Whatever ends it (a cancellation, too) ends
 * only the request at hand; the next one starts another. Once closed, it refuses all requests.
 */
export function createCommitThread(): Pick<KzgScheme, 'commit'> & { close(): Promise<void> } {
  const oneAtATime = pLimit(1);
  let thread: Worker | undefined;
  let last: Uint8Array | undefined;
  let closed = false;

  const forget = (ended: Worker): void => {
    if (thread === ended) [thread, last] = [undefined, undefined];
  };
  const start = (): Worker => {
    if (thread !== undefined) return thread;
    // Compiled, this file and the task are .js; run from source, .ts.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const started = new Worker(new URL(`./commit-task.${extension}`, import.meta.url), { execArgv: [] });
    // An error comes before the exit, and what is posted in between is never answered. Whoever waits gets it too.
    started.on('error', () => forget(started)).on('exit', () => forget(started));
    thread = started;
    return started;
  };
  const ask = async (worker: Worker, request: CommitRequest): Promise<CommitAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<CommitAnswer>();
    const onError = (error: unknown) => reject(threadError('Committing to a tensor', error));
    const onExit = () => reject(closed ? refused() : crashed());
    worker.on('message', resolve).on('error', onError).on('exit', onExit);
    worker.ref();
    try {
      worker.postMessage(request);
      return await promise;
    } finally {
      worker.unref();
      worker.off('message', resolve).off('error', onError).off('exit', onExit);
    }
  };

  return {
    commit: (type, values, srs, signal) => {
      const turn = oneAtATime(async () => {
        throwIfAborted(signal);
        if (closed) throw refused();
        const worker = start();
        // An SRS has megabytes: it is sent once for all that is committed to under it.
        const request: CommitRequest = { type, values, ...(srs === last ? {} : { srs }) };
        last = srs;
        let answer: CommitAnswer;
        try {
          answer = await untilAborted(ask(worker, request), signal);
        } catch (error) {
          forget(worker);
          await worker.terminate();
          throw error;
        }
        if ('error' in answer) throw new TesseraError(answer.error.code, answer.error);
        return answer.bytes;
      });
      // A request that still waits for its turn ends at once, too.
      return untilAborted(turn, signal);
    },
    async close() {
      closed = true;
      await thread?.terminate();
    },
  };
}

function refused(): TesseraError {
  return new TesseraError('ABORTED', { message: 'The thread that commits to tensors was closed' });
}

function crashed(): TesseraError {
  return new TesseraError('PROVER_CRASHED', {
    message: 'The thread that commits to tensors ended before it answered',
    remedy: 'Try again; if it happens again, allow more memory or cut the model into smaller segments.',
  });
}
