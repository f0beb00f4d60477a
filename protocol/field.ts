/**
 * The two prime fields of BN254 (alt_bn128, EIP-196), and how integers stand in the scalar field:
 * x ≥ 0 as x, x < 0 as r + x, so that every integer of at most (r − 1) / 2 in magnitude has one element.
 */
import { TesseraError } from './errors.ts';

/** Order of the groups; circuits compute modulo it. */
export const scalarModulus = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** Modulus of the field that points' coordinates lie in. */
export const coordinateModulus =
  21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** Largest magnitude of an integer on an edge: (r − 1) / 2. */
export const maxMagnitude = (scalarModulus - 1n) / 2n;
/** Bytes of a field element. */
export const fieldBytes = 32;

/** Whether an integer has a field element of its own. */
export function fitsField(value: bigint): boolean {
  return value >= -maxMagnitude && value <= maxMagnitude;
}

/**
 * The field element that stands for an integer.
 *
 * @throws TesseraError `RANGE_EXCEEDED` when |value| > (r − 1) / 2
 */
export function toField(value: bigint): bigint {
  if (!fitsField(value)) {
    throw new TesseraError('RANGE_EXCEEDED', { message: `${value} does not fit the field of BN254` });
  }
  return value < 0n ? value + scalarModulus : value;
}

/**
 * The integer that a field element stands for.
 *
 * @throws TesseraError `ENCODING_INVALID` unless 0 ≤ element < r
 */
export function fromField(element: bigint): bigint {
  if (element < 0n || element >= scalarModulus) {
    throw new TesseraError('ENCODING_INVALID', { message: 'A field element is not below the modulus' });
  }
  return element > maxMagnitude ? element - scalarModulus : element;
}

/** Writes integers as field elements, 32 bytes big-endian each. */
export function writeIntegers(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(fieldBytes * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) writeWord(view, fieldBytes * i, toField(value));
  return bytes;
}

/**
 * Reads what {@link writeIntegers} writes.
 *
 * @throws TesseraError `ENCODING_INVALID` for a length that is no multiple of 32 or an element that is not below r
 */
export function readIntegers(bytes: Uint8Array): bigint[] {
  return readElements(bytes).map(fromField);
}

/** Writes field elements (0 ≤ x < r), 32 bytes big-endian each. */
export function writeElements(elements: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(fieldBytes * elements.length);
  const view = new DataView(bytes.buffer);
  for (const [i, element] of elements.entries()) {
    if (element < 0n || element >= scalarModulus) {
      throw new TesseraError('ENCODING_INVALID', { message: 'A field element is not below the modulus' });
    }
    writeWord(view, fieldBytes * i, element);
  }
  return bytes;
}

/**
 * Reads what {@link writeElements} writes.
 *
 * @throws TesseraError `ENCODING_INVALID` for a length that is no multiple of 32 or an element that is not below r
 */
export function readElements(bytes: Uint8Array): bigint[] {
  if (bytes.length % fieldBytes !== 0) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `${bytes.length} bytes are not whole field elements`,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / fieldBytes }, (_, i) => {
    const element = readWord(view, fieldBytes * i);
    if (element >= scalarModulus) {
      throw new TesseraError('ENCODING_INVALID', { message: `Field element ${i} is not below the modulus` });
    }
    return element;
  });
}

function writeWord(view: DataView, at: number, word: bigint): void {
  for (let limb = 0; limb < 4; limb++) {
    view.setBigUint64(at + 8 * limb, BigInt.asUintN(64, word >> BigInt(192 - 64 * limb)));
  }
}

function readWord(view: DataView, at: number): bigint {
  let word = 0n;
  for (let limb = 0; limb < 4; limb++) word = (word << 64n) | view.getBigUint64(at + 8 * limb);
  return word;
}
