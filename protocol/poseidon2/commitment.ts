import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { EdgeType, Interval } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { writeElements } from '../field.ts';
import { FIELD_ORDER } from './constants.ts';
import { pack } from './packing.ts';
import { sponge } from './sponge.ts';

/** What is committed: a block of an edge; `shape` is the block's. */
export type CommittedType = Pick<EdgeType, 'shape' | 'signed' | 'scale'> & { interval: Interval };

/**
 * The sponge's domain for a type: the first 31 bytes of the sha2-256 of a text that spells out the type, so that
 * commitments of different types never mean the same and the number of elements is fixed (README.md gives the text).
 */
export function commitmentDomain(type: CommittedType, blinded: boolean): bigint {
  const text = [
    'tessera/poseidon2/1',
    `shape=${type.shape.join(',')}`,
    `signed=${type.signed ? 1 : 0}`,
    `scale=${type.scale}`,
    `lo=${type.interval.lo}`,
    `hi=${type.interval.hi}`,
    `blinded=${blinded ? 1 : 0}`,
  ].join('|');
  return BigInt(`0x${bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 31))}`);
}

/**
 * The `poseidon2` commitment to a block's values as a field element.
 * @param values all of the block's elements, row-major, each in the type's interval
 * @param blinding for an edge that must stay private: uniformly random in [0, r), absorbed before the values
 * @throws TesseraError `INPUT_INVALID` for a wrong number of values or a blinding outside [0, r);
 *   `RANGE_EXCEEDED` for a value outside the interval
 */
export function commitmentElement(type: CommittedType, values: readonly bigint[], blinding?: bigint): bigint {
  const expected = type.shape.reduce((product, size) => product * size, 1);
  if (values.length !== expected) {
    throw new TesseraError('INPUT_INVALID', {
      message: `A block of shape [${type.shape.join(', ')}] has ${expected} values, not ${values.length}.`,
    });
  }
  if (blinding !== undefined && (blinding < 0n || blinding >= FIELD_ORDER)) {
    throw new TesseraError('INPUT_INVALID', { message: 'A blinding value must be a reduced field element.' });
  }
  const packed = pack(values, type.interval);
  const domain = commitmentDomain(type, blinding !== undefined);
  return sponge(domain, blinding === undefined ? packed : [blinding, ...packed]);
}

/** The `poseidon2` commitment in its canonical bytes: 32, big-endian, below r. Takes what `commitmentElement` takes. */
export function commit(type: CommittedType, values: readonly bigint[], blinding?: bigint): Uint8Array {
  return writeElements([commitmentElement(type, values, blinding)]);
}
