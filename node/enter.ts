import { throwIfAborted } from './abort.ts';

/** Lets work in when there is room for it, and others in when it is done. */
export type Gate<T> = (work: () => Promise<T>) => Promise<T>;

/**
 * Has work let in by a gate. Who is cancelled while waiting waits no longer; what was begun is waited for.
 *
 * @throws TesseraError `ABORTED`, and as the work
 */
export function enter<T>(gate: Gate<T>, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const result = Promise.withResolvers<T>();
  let begun = false;
  const leave = () => {
    if (begun) return;
    try {
      throwIfAborted(signal);
    } catch (error) {
      result.reject(error);
    }
  };
  signal?.addEventListener('abort', leave, { once: true });
  const turn = gate(async () => {
    // Its turn comes all the same, and is over at once.
    throwIfAborted(signal);
    begun = true;
    return work();
  });
  turn.then(result.resolve, result.reject).finally(() => signal?.removeEventListener('abort', leave));
  leave();
  return result.promise;
}
