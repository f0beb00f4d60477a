import { runInThread } from '../../in-thread.ts';
import type { CallOptions } from '../prover.ts';
import type { CompileTask } from './compile-task.ts';

/**
 * Compiles a segment in a thread of its own, since a large one takes seconds that a node has no time for.
 *
 * @returns the circuit as `node:v8` serialises it, and the constraint system
 * @throws TesseraError as {@link compileSegment}, `MEMORY_EXCEEDED`, `DEADLINE_EXCEEDED`, or `ABORTED`
 */
export function compileInThread(
  task: CompileTask,
  { signal, timeout }: Pick<CallOptions, 'signal' | 'timeout'> = {},
): Promise<{ circuit: Uint8Array; constraints: Uint8Array }> {
  const what = 'Compiling the circuit';
  return runInThread('./compile-task', import.meta.url, task, { what, signal, timeout });
}
