/**
 * ezkl's verifying-key artifact (VKA): the words that its reusable Solidity verifier reads a circuit from.
 * File: count of words as u64 little-endian, then 32-byte big-endian words. Word positions are those of the
 * Solidity source that `create_evm_verifier(reusable=True)` of ezkl 23.0.5 writes, which loads word i from
 * memory 0xa0 + 32·i.
 */
import { bn254_Fr } from '@noble/curves/bn254.js';
import { bytesToNumberBE } from '@noble/curves/utils.js';
import { TesseraError } from '../../../../protocol/errors.ts';
import { G2, type G2Point, readG2 } from './points.ts';

/** Word positions in the VKA. */
const at = {
  instances: 2,
  evaluations: 3,
  k: 5,
  domainSizeInverse: 6,
  omega: 7,
  hasAccumulator: 10,
  g1: 14,
  g2: 16,
  negSG2: 20,
  unusableRows: 31,
  fixedColumns: 32,
  phases: 33,
} as const;

/** The 24,576-byte limit of contracts does not hold for VKAs; the largest circuits measured stay below 2,000 words. */
const maxWords = 16_384;
const header = 8;
/** r − 1 is divisible by 2^28: no larger domain exists. */
const twoAdicity = 28;

/** What Tessera reads out of a VKA. */
export interface Vka {
  /** The words as they travel in calldata. */
  words: Uint8Array;
  k: number;
  /** Rows of a column that carry values: 2^k less the blinding rows and the last row. */
  usableRows: number;
  /** Public values that the circuit takes. */
  instances: number;
  /** x then y of every fixed column's commitment. */
  fixed: readonly bigint[];
  /** Exact length of a proof in bytes. */
  proofLength: number;
  /** [s]G2 of the SRS that the key was made with. */
  sG2: G2Point;
}

function malformed(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `VKA: ${why}` });
}

/**
 * Reads a VKA and checks that its domain, generators and SRS point are consistent.
 *
 * @throws TesseraError `ENCODING_INVALID`
 */
export function parseVka(bytes: Uint8Array): Vka {
  const count = (bytes.length - header) / 32;
  if (!Number.isInteger(count) || count <= at.phases || count > maxWords) {
    throw malformed(`${bytes.length} bytes are not a list of ${at.phases + 1} to ${maxWords} words`);
  }
  if (new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) !== BigInt(count)) {
    throw malformed('the count of words differs from the length');
  }
  const words = bytes.subarray(header);
  const word = (i: number) => bytesToNumberBE(words.subarray(32 * i, 32 * i + 32));
  const small = (i: number, name: string, max: number) => {
    const value = word(i);
    if (value > BigInt(max)) throw malformed(`${name} is ${value}, above ${max}`);
    return Number(value);
  };

  const k = small(at.k, 'k', twoAdicity);
  const n = 2 ** k;
  const Fr = bn254_Fr;
  if (Fr.mul(Fr.create(word(at.domainSizeInverse)), BigInt(n)) !== Fr.ONE)
    throw malformed('1/n does not fit k');
  if (k > 0 && Fr.pow(Fr.create(word(at.omega)), BigInt(n / 2)) !== Fr.neg(Fr.ONE)) {
    throw malformed('the root of unity does not fit k');
  }
  if (word(at.hasAccumulator) !== 0n) throw malformed('it takes an accumulator from the public values');
  if (word(at.g1) !== 1n || word(at.g1 + 1) !== 2n) throw malformed('G1 is not the generator');
  const point = (i: number, name: string) => readG2(words.subarray(32 * i, 32 * i + 128), `VKA: ${name}`);
  if (!point(at.g2, 'G2').equals(G2.BASE)) throw malformed('G2 is not the generator');

  const unusable = small(at.unusableRows, 'the number of unusable rows', n - 1);
  const instances = small(at.instances, 'the number of public values', n - unusable);
  const phases = readPhases(words, count);
  const fixedColumns = small(at.fixedColumns, 'the number of fixed columns', count);
  if (phases.end + 2 * fixedColumns > count) throw malformed('its fixed columns run past its end');
  const evaluations = small(at.evaluations, 'the number of evaluations', 65_535);
  return {
    words,
    k,
    usableRows: n - unusable,
    instances,
    fixed: Array.from({ length: 2 * fixedColumns }, (_, i) => word(phases.end + i)),
    proofLength: phases.bytes + 32 * evaluations + openingBytes,
    sG2: point(at.negSG2, '−[s]G2').negate(),
  };
}

/** W and W' of the batch opening. */
const openingBytes = 2 * 64;

/**
 * The phases that a proof's points come in: their total length in bytes, and the word after their list. The list's
 * first byte (all from the low end of a word) counts its words; then each phase has 2 bytes with the length of its
 * points and 1 with the number of challenges drawn after them. A phase does not straddle two words.
 */
function readPhases(words: Uint8Array, count: number): { bytes: number; end: number } {
  const wordAt = (i: number) => Array.from(words.subarray(32 * i, 32 * i + 32)).reverse();
  const [length = 0, ...first] = wordAt(at.phases);
  const end = at.phases + length;
  if (end > count) throw malformed('its phases run past its end');
  let bytes = 0;
  for (let index: number = at.phases; index < end; index++) {
    const list = index === at.phases ? first : wordAt(index);
    for (let b = 0; b + 2 < list.length && list.slice(b).some((byte) => byte !== 0); b += 3) {
      bytes += (list[b] ?? 0) + 256 * (list[b + 1] ?? 0);
    }
  }
  if (bytes === 0 || bytes % 64 !== 0) throw malformed('its phases do not hold whole points');
  return { bytes, end };
}
