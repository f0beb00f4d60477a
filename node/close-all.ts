/** Lets go of something that was opened. */
export type Closer = () => Promise<void> | void;

/**
 * Closes the last first, one after the other, whatever becomes of those before.
 *
 * @throws what the first one that failed threw, when all are done
 */
export async function closeAll(closers: readonly Closer[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
