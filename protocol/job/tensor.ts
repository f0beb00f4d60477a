import { TesseraError } from '../errors.ts';
import { fitsField } from '../field.ts';
import { limits } from '../limits.ts';

/**
 * Writes a block's integers, row-major: one byte w from 1 to 32, then w bytes for each integer, two's complement and
 * big-endian; w is the least that holds them all.
 *
 * @throws TesseraError `ENCODING_INVALID` for too many values, or one that does not fit the field
 */
export function encodeTensor(values: readonly bigint[]): Uint8Array {
  if (values.length > limits.elements || !values.every(fitsField)) {
    throw invalid('it has too many values, or one that does not fit the field');
  }
  const width = values.reduce((widest, value) => Math.max(widest, widthOf(value)), 1);
  const bytes = new Uint8Array(1 + width * values.length);
  bytes[0] = width;
  for (const [index, value] of values.entries()) {
    let rest = BigInt.asUintN(8 * width, value);
    for (let at = width * (index + 1); at > width * index; at--) {
      bytes[at] = Number(rest & 0xffn);
      rest >>= 8n;
    }
  }
  return bytes;
}

/**
 * Reads what {@link encodeTensor} writes.
 *
 * @param count the number of values, which the edge's type says
 * @throws TesseraError `ENCODING_INVALID` for any other bytes
 */
export function decodeTensor(bytes: Uint8Array, count: number): bigint[] {
  const width = bytes[0] ?? 0;
  if (width < 1 || width > 32 || bytes.length !== 1 + width * count) {
    throw invalid(`it has ${bytes.length} bytes, which are not ${count} values`);
  }
  let widest = 1;
  const values = Array.from({ length: count }, (_, index) => {
    let word = 0n;
    for (let at = 1 + width * index; at <= width * (index + 1); at++) {
      word = (word << 8n) | BigInt(bytes[at] ?? 0);
    }
    const value = BigInt.asIntN(8 * width, word);
    if (!fitsField(value)) throw invalid(`value ${index} does not fit the field`);
    widest = Math.max(widest, widthOf(value));
    return value;
  });
  if (widest !== width) throw invalid('its values need fewer bytes');
  return values;
}

/** Bytes of an integer in two's complement: a bit for the sign, and those of its magnitude. */
function widthOf(value: bigint): number {
  const magnitude = value < 0n ? -value - 1n : value;
  return Math.max(1, Math.ceil((magnitude.toString(2).length + 1) / 8));
}

function invalid(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `The tensor is refused: ${why}` });
}
