type Outcome<T> = { value: T } | { error: unknown };

/**
 * A reader that reads each artifact once and keeps what it found, or threw, for as long as the artifact's bytes are in
 * memory: a manifest may name one artifact in each of its circuits, and reading must cost no more than its bytes.
 *
 * @param read gives the same for the same bytes, which nobody changes afterwards
 */
export function readOnce<T>(read: (artifact: Uint8Array) => T): (artifact: Uint8Array) => T {
  const outcomes = new WeakMap<Uint8Array, Outcome<T>>();
  return (artifact) => {
    const outcome = outcomes.get(artifact) ?? outcomeOf(() => read(artifact));
    outcomes.set(artifact, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}

function outcomeOf<T>(act: () => T): Outcome<T> {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}
