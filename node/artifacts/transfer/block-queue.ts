import type { Part } from '../store/index.ts';

/** A block that is wanted. */
export type Wanted = Part & { name: string };

/**
 * Which blocks are still to be fetched, and who is fetching them. Blocks are handed out in order; one that is under
 * way for long is handed out a second time when nothing else is left, so that no slow provider holds up the end.
 */
export class BlockQueue {
  readonly #hedgeMs: number;
  readonly #waiting: Wanted[] = [];
  /** Handed out, when and to whom; in that order. */
  readonly #underWay = new Map<string, { block: Wanted; since: number; taker: object }>();
  /** Every block ever added: the same block may stand at many places of an artifact. */
  readonly #known = new Set<string>();
  readonly #arrived = new Set<string>();

  /** @param hedgeMs after which a block is handed out again */
  constructor(hedgeMs: number) {
    this.#hedgeMs = hedgeMs;
  }

  /** Blocks not yet there. */
  get left(): number {
    return this.#known.size - this.#arrived.size;
  }

  /** Blocks that nobody fetches. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Nodes go first: what is below them is not known before. */
  add(parts: readonly Part[]): void {
    const wanted: Wanted[] = [];
    for (const part of parts) {
      const name = part.cid.toString();
      if (this.#known.has(name)) continue;
      this.#known.add(name);
      wanted.push({ ...part, name });
    }
    if (wanted[0] !== undefined && wanted[0].height > 0) this.#waiting.unshift(...wanted);
    else this.#waiting.push(...wanted);
  }

  /** @param now ms, of any clock that goes on */
  take(taker: object, now: number): Wanted | undefined {
    let block = this.#waiting.shift();
    while (block !== undefined && this.#arrived.has(block.name)) block = this.#waiting.shift();
    if (block !== undefined) this.#underWay.set(block.name, { block, since: now, taker });
    return block;
  }

  /** A block that another one has had under way for too long. */
  takeOver(taker: object, now: number): Wanted | undefined {
    for (const { block, since, taker: other } of this.#underWay.values()) {
      if (now - since < this.#hedgeMs) return undefined;
      if (other === taker) continue;
      this.#underWay.delete(block.name);
      this.#underWay.set(block.name, { block, since: now, taker });
      return block;
    }
    return undefined;
  }

  /** @returns false when it had come already from somebody else */
  done(block: Wanted): boolean {
    this.#underWay.delete(block.name);
    const first = !this.#arrived.has(block.name);
    this.#arrived.add(block.name);
    return first;
  }

  /** Somebody will not fetch these after all. */
  putBack(taker: object, blocks: readonly Wanted[]): void {
    for (const block of [...blocks].reverse()) {
      if (this.#underWay.get(block.name)?.taker !== taker) continue;
      this.#underWay.delete(block.name);
      this.#waiting.unshift(block);
    }
  }
}
