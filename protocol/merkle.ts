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
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) =>
      parent(below[2 * i] ?? empty, below[2 * i + 1] ?? empty),
    );
  }
  return level[0] ?? empty;
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  return keccak_256(concatBytes(nodeLabel, left, right));
}
