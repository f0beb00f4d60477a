import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { CompileAnswer, CompileTask } from './compile-task.ts';

/** Compiles segments in a thread, since a large one takes seconds that a node has no time for. */
export interface CircuitCompiler {
  /**
   * @returns the circuit as `node:v8` serialises it, and the constraint system
   * @throws TesseraError as {@link compileSegment}, `MEMORY_EXCEEDED`, or `ABORTED`
   */
  compile(task: CompileTask, signal?: AbortSignal): Promise<{ circuit: Uint8Array; constraints: Uint8Array }>;
  close(): Promise<void>;
}

/** Milliseconds that an idle thread is kept: segments of one model come one after the other. */
const idleTimeout = 10_000;

/** The thread starts with the first segment and does not keep the process alive. */
export function createCircuitCompiler(): CircuitCompiler {
  // Compiled, this file and the task are .js; run from source, .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pool = new Piscina<CompileTask, CompileAnswer>({
    filename: fileURLToPath(new URL(`./compile-task.${extension}`, import.meta.url)),
    minThreads: 0,
    maxThreads: 1,
    idleTimeout,
    execArgv: [],
  });
  return {
    async compile(task, signal) {
      let answer: CompileAnswer;
      try {
        answer = await pool.run(task, signal === undefined ? {} : { signal });
      } catch (error) {
        throwIfAborted(signal);
        if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
        throw new TesseraError('MEMORY_EXCEEDED', {
          message: 'Compiling the circuit took more memory than a thread may have',
          remedy: 'Cut the model into smaller segments.',
          cause: error,
        });
      }
      if (!('error' in answer)) return answer;
      const { code, message, remedy, details } = answer.error;
      throw new TesseraError(code, { message, details, ...(remedy === undefined ? {} : { remedy }) });
    },
    close: () => pool.destroy(),
  };
}
