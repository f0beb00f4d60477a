import { TesseraError } from '../protocol/errors.ts';

/** @throws TesseraError `ABORTED` when the signal says so */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/** What work ends with when its signal says so. */
export function aborted(signal: AbortSignal | undefined): TesseraError {
  return new TesseraError('ABORTED', { message: 'The work was cancelled', cause: signal?.reason });
}

/**
 * Waits for work, and no longer once the signal says so; what then becomes of the work is the caller's to see to.
 *
 * @throws TesseraError `ABORTED`, or what the work throws
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const cancelled = Promise.withResolvers<never>();
  const onAbort = () => cancelled.reject(aborted(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
