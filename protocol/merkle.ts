import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const nodeLabel = keccak_256(utf8ToBytes('tessera/node/1'));
const empty = new Uint8Array(32);

/**
 * Root of the binary tree over these leaves. A node is keccak256 of a label and its two children; where a level
 * has an odd number of nodes, the last is paired with a zero word. The number of leaves is not part of the root:
 * whoever hashes the root hashes the number beside it.
 *
 * @param leaves 32 bytes each, themselves hashes that start with a label of their own
 * @returns 32 bytes; zero for no leaves
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) level = above(level);
  return level[0] ?? empty;
}

/** The tree of {@link merkleRoot} with all its nodes, for whoever wants many paths in it. */
export class MerkleTree {
  /** From the leaves to the root. */
  readonly #levels: readonly (readonly Uint8Array[])[];

  constructor(leaves: readonly Uint8Array[]) {
    const levels = [leaves];
    for (let level = leaves; level.length > 1; levels.push(level)) level = above(level);
    this.#levels = levels;
  }

  get root(): Uint8Array {
    return this.#levels.at(-1)?.[0] ?? empty;
  }

  /** @throws RangeError for one that does not exist */
  leaf(index: number): Uint8Array {
    const leaf = this.#levels[0]?.[index];
    if (leaf === undefined) {
      throw new RangeError(`There is no leaf ${index} among ${this.#levels[0]?.length}`);
    }
    return leaf;
  }

  /**
   * The siblings on the way from a leaf to the root, from the leaf's own on.
   *
   * @throws RangeError for a leaf that does not exist
   */
  path(index: number): Uint8Array[] {
    this.leaf(index);
    return this.#levels.slice(0, -1).map((level, height) => level[(index >> height) ^ 1] ?? empty);
  }
}

/** One path of {@link MerkleTree}. @throws RangeError for a leaf that does not exist */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  return new MerkleTree(leaves).path(index);
}

function above(level: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
    parent(level[2 * i] ?? empty, level[2 * i + 1] ?? empty),
  );
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(nodeLabel, left, right));
}
