import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { CallOptions } from '../prover.ts';
import type { CompileAnswer, CompileTask } from './compile-task.ts';

/**
 * Compiles a segment in a thread of its own, since a large one takes seconds that a node has no time for.
 *
 * @returns the circuit as `node:v8` serialises it, and the constraint system
 * @throws TesseraError as {@link compileSegment}, `MEMORY_EXCEEDED`, `DEADLINE_EXCEEDED`, or `ABORTED`
 */
export async function compileInThread(
  task: CompileTask,
  { signal, timeout }: Pick<CallOptions, 'signal' | 'timeout'> = {},
): Promise<{ circuit: Uint8Array; constraints: Uint8Array }> {
  throwIfAborted(signal);
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  const ends = [signal, deadline].filter((end) => end !== undefined);
  // Compiled, this file and the task are .js; run from source, .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./compile-task.${extension}`, import.meta.url), {
    workerData: task,
    execArgv: [],
  });
  let answer: CompileAnswer;
  try {
    [answer] = (await once(thread, 'message', { signal: AbortSignal.any(ends) })) as [CompileAnswer];
  } catch (cause) {
    throwIfAborted(signal);
    throw deadline?.aborted ? tooLong(timeout, cause) : explained(cause);
  } finally {
    await thread.terminate();
  }
  if (!('error' in answer)) return answer;
  const { code, message, remedy, details } = answer.error;
  throw new TesseraError(code, { message, details, ...(remedy === undefined ? {} : { remedy }) });
}

function tooLong(timeout: number | undefined, cause: unknown): TesseraError {
  return new TesseraError('DEADLINE_EXCEEDED', {
    message: `Compiling the circuit took longer than ${timeout} ms`,
    remedy: 'Allow more time, or cut the model into smaller segments.',
    cause,
  });
}

function explained(cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return cause;
  return new TesseraError('MEMORY_EXCEEDED', {
    message: 'Compiling the circuit took more memory than a thread may have',
    remedy: 'Cut the model into smaller segments.',
    cause,
  });
}
