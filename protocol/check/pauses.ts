/** Milliseconds of work after which others get their turn. */
const longestWork = 50;

/**
 * Pauses for long work that may compute without ever waiting: no signal would come, and nothing else run, meanwhile.
 *
 * @returns what is to be called between two steps: mostly it returns at once, and now and then it lets other work run
 * @throws the signal's reason once it says stop
 */
export function pauses(signal: AbortSignal | undefined): () => Promise<void> {
  let rested = performance.now();
  return async () => {
    if (performance.now() - rested >= longestWork) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    signal?.throwIfAborted();
  };
}
