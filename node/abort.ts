import { TesseraError } from '../protocol/errors.ts';

/** @throws TesseraError `ABORTED` when the signal says so */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new TesseraError('ABORTED', { message: 'The work was cancelled', cause: signal.reason });
  }
}
