/**
 * Does work side by side. The first failure stops the rest, and is thrown only when all of it has ended, so that
 * nothing goes on behind the caller's back.
 *
 * @param start begins all the work; `signal` is aborted by the caller's own signal or by a failure
 */
export async function together<T>(
  start: (signal: AbortSignal) => readonly Promise<T>[],
  caller?: AbortSignal,
): Promise<T[]> {
  const failure = new AbortController();
  const running = start(caller ? AbortSignal.any([failure.signal, caller]) : failure.signal);
  try {
    return await Promise.all(running);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}
