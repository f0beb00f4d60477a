import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { TesseraError } from '../protocol/errors.ts';
import { throwIfAborted } from './abort.ts';

/** Errors travel as JSON: a class does not survive between threads. */
type ThreadAnswer<T> = { value: T } | { error: ReturnType<TesseraError['toJSON']> };

export interface ThreadOptions {
  /** What the thread does, at the beginning of a sentence: "Compiling the circuit". */
  what: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds. */
  timeout?: number | undefined;
}

/**
 * Does in a thread of its own what takes seconds that a node has no time for.
 *
 * @param module beside the one of `base`, without extension; it calls {@link answerTask}
 * @param base `import.meta.url` of the caller
 * @param task what it is started with; everything in it survives a structured clone
 * @throws TesseraError as the task, `MEMORY_EXCEEDED`, `DEADLINE_EXCEEDED`, or `ABORTED`
 */
export async function runInThread<T>(
  module: string,
  base: string,
  task: unknown,
  { what, signal, timeout }: ThreadOptions,
): Promise<T> {
  throwIfAborted(signal);
  const deadline = timeout === undefined ? undefined : AbortSignal.timeout(timeout);
  const ends = [signal, deadline].filter((end) => end !== undefined);
  // Compiled, both modules are .js; run from source, .ts.
  const extension = base.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`${module}.${extension}`, base), { workerData: task, execArgv: [] });
  let answer: ThreadAnswer<T>;
  try {
    [answer] = (await once(thread, 'message', { signal: AbortSignal.any(ends) })) as [ThreadAnswer<T>];
  } catch (cause) {
    throwIfAborted(signal);
    throw deadline?.aborted ? tooLong(what, timeout, cause) : threadError(what, cause);
  } finally {
    await thread.terminate();
  }
  if (!('error' in answer)) return answer.value;
  const { code, message, remedy, details } = answer.error;
  throw new TesseraError(code, { message, details, ...(remedy === undefined ? {} : { remedy }) });
}

/** Does the task that this thread was started with, and answers it. */
export async function answerTask<Task, T>(act: (task: Task) => T | Promise<T>): Promise<void> {
  parentPort?.postMessage(await answerOf(act));
}

async function answerOf<Task, T>(act: (task: Task) => T | Promise<T>): Promise<ThreadAnswer<T>> {
  try {
    return { value: await act(workerData as Task) };
  } catch (error) {
    if (error instanceof TesseraError) return { error: error.toJSON() };
    throw error;
  }
}

function tooLong(what: string, timeout: number | undefined, cause: unknown): TesseraError {
  return new TesseraError('DEADLINE_EXCEEDED', {
    message: `${what} took longer than ${timeout} ms`,
    remedy: 'Allow more time, or cut the model into smaller segments.',
    cause,
  });
}

/** What a thread failed with: a want of memory in words that help; any other error as it is. */
export function threadError(what: string, cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return cause;
  return new TesseraError('MEMORY_EXCEEDED', {
    message: `${what} took more memory than a thread may have`,
    remedy: 'Cut the model into smaller segments.',
    cause,
  });
}
