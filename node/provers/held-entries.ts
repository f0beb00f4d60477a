import type { CompiledSegment } from './prover.ts';

/** What stays in place until it is released. */
export interface Releasable {
  release(): Promise<void>;
}

/** Notes an entry as held, and gives it back. */
export type Hold = <T extends Releasable>(entry: T) => T;

/** The cache entries that keep a prover's open segments in place. */
export class HeldEntries {
  readonly #bySegment = new Map<CompiledSegment, Releasable[]>();

  /** Opens a segment; what it held on the way is let go again when it fails. */
  async open(open: (hold: Hold) => Promise<CompiledSegment>): Promise<CompiledSegment> {
    const entries: Releasable[] = [];
    try {
      const segment = await open((entry) => {
        entries.push(entry);
        return entry;
      });
      this.#bySegment.set(segment, entries);
      return segment;
    } catch (error) {
      await releaseAll(entries);
      throw error;
    }
  }

  /** Holds another entry for as long as the segment. */
  add(segment: CompiledSegment, entry: Releasable): void {
    this.#bySegment.get(segment)?.push(entry);
  }

  /** Lets go of a segment's entries; without effect where that was done before. */
  async release(segment: CompiledSegment): Promise<void> {
    const entries = this.#bySegment.get(segment) ?? [];
    this.#bySegment.delete(segment);
    await releaseAll(entries);
  }

  async releaseAll(): Promise<void> {
    const all = [...this.#bySegment.values()].flat();
    this.#bySegment.clear();
    await releaseAll(all);
  }
}

async function releaseAll(entries: readonly Releasable[]): Promise<void> {
  await Promise.all(entries.map((entry) => entry.release()));
}
