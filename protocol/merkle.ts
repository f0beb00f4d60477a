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

/**
 * The siblings on the way from a leaf to the root, from the leaf's own on.
 *
 * @throws RangeError for a leaf that does not exist
 */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) {
    throw new RangeError(`There is no leaf ${index} among ${leaves.length}`);
  }
  const path: Uint8Array[] = [];
  for (let level = leaves, at = index; level.length > 1; level = above(level), at = Math.floor(at / 2)) {
    path.push(level[at % 2 === 0 ? at + 1 : at - 1] ?? empty);
  }
  return path;
}

function above(level: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
    parent(level[2 * i] ?? empty, level[2 * i + 1] ?? empty),
  );
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(nodeLabel, left, right));
}
