/** The 32-byte words that contracts hash. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** keccak256 of words, one after another. */
export function keccak(...words: Uint8Array[]): Uint8Array {
  return keccakOf(words);
}

/** {@link keccak} of as many words as a stranger likes, which a call may not have as arguments. */
export function keccakOf(words: Iterable<Uint8Array>): Uint8Array {
  const hash = keccak_256.create();
  for (const word of words) hash.update(word);
  return hash.digest();
}

/** A word that names something: keccak256 of its text in UTF-8. */
export function label(name: string): Uint8Array {
  return keccak_256(utf8ToBytes(name));
}

/** Solidity's `uint256`. */
export function uint(value: bigint | number): Uint8Array {
  return hexToBytes(BigInt(value).toString(16).padStart(64, '0'));
}

/** Solidity's `int256`: two's complement, big-endian. */
export function int(value: bigint): Uint8Array {
  return uint(BigInt.asUintN(256, value));
}

/** Solidity's `address` as a word. @param hex 20 bytes in hexadecimal, without prefix */
export function address(hex: string): Uint8Array {
  return hexToBytes(hex.padStart(64, '0'));
}
