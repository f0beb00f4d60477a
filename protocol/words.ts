/** The 32-byte words that contracts hash. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** keccak256 of words, one after another. */
export function keccak(...words: Uint8Array[]): Uint8Array {
  return keccak_256(concatBytes(...words));
}

/** A word that names something: keccak256 of its text in UTF-8. */
export function label(name: string): Uint8Array {
  return keccak_256(utf8ToBytes(name));
}

/** Solidity's `uint256`. */
export function uint(value: bigint | number): Uint8Array {
  return hexToBytes(BigInt(value).toString(16).padStart(64, '0'));
}

/** Solidity's `address` as a word. @param hex 20 bytes in hexadecimal, without prefix */
export function address(hex: string): Uint8Array {
  return hexToBytes(hex.padStart(64, '0'));
}
