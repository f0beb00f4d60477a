import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import { TesseraError } from '../../../../protocol/errors.ts';
import type { KzgScheme } from '../../../../protocol/verifier.ts';
import type { CommitAnswer, CommitRequest } from './commit-task.ts';

/**
 * kzg commitments in a thread of its own: those of a large tensor take seconds that a node has no time for. The thread
 * starts with the first one, stays warm, and does not keep the process alive.
 */
export function createCommitThread(): Pick<KzgScheme, 'commit'> & { close(): Promise<void> } {
  const oneAtATime = pLimit(1);
  let thread: Worker | undefined;
  let last: Uint8Array | undefined;

  const start = (): Worker => {
    if (thread !== undefined) return thread;
    // Compiled, this file and the task are .js; run from source, .ts.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const started = new Worker(new URL(`./commit-task.${extension}`, import.meta.url), { execArgv: [] });
    started.once('exit', () => {
      if (thread === started) [thread, last] = [undefined, undefined];
    });
    thread = started;
    return started;
  };

  return {
    commit: (type, values, srs) =>
      oneAtATime(async () => {
        const worker = start();
        worker.ref();
        try {
          const answered = once(worker, 'message') as Promise<[CommitAnswer]>;
          // An SRS has megabytes: it is sent once for all that is committed to under it.
          const request: CommitRequest = { type, values, ...(srs === last ? {} : { srs }) };
          last = srs;
          worker.postMessage(request);
          const [answer] = await answered;
          if ('error' in answer) throw new TesseraError(answer.error.code, answer.error);
          return answer.bytes;
        } finally {
          worker.unref();
        }
      }),
    async close() {
      await thread?.terminate();
    },
  };
}
