import { TesseraError } from '../../../../protocol/errors.ts';
import { g1Length, rawCoordinates } from './points.ts';

/**
 * The head of a verifying key as halo2 writes it (version 3, raw bytes): version (1 byte), k (1 byte), whether
 * selectors are compressed (1 byte), count of fixed columns (u32 little-endian), one raw point each. The rest
 * (permutation, selectors) is left to the engines.
 */
export interface VerifyingKeyHead {
  k: number;
  /** x then y of every fixed column's commitment; the point at infinity is (0, 0). */
  fixed: readonly bigint[];
}

const version = 3;
const header = 7;
/** Larger keys than any circuit of practical size has: 2,000 selectors at k=20. */
const maxBytes = 256 << 20;
const maxFixed = 65_536;

function malformed(why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `verifying key: ${why}` });
}

/** @throws TesseraError `ENCODING_INVALID` */
export function parseVerifyingKey(bytes: Uint8Array): VerifyingKeyHead {
  if (bytes.length < header || bytes.length > maxBytes) throw malformed(`${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint8(0) !== version) throw malformed(`version ${view.getUint8(0)} instead of ${version}`);
  const count = view.getUint32(3, true);
  const end = header + g1Length * count;
  if (count > maxFixed || end > bytes.length) throw malformed(`${count} fixed columns do not fit in it`);
  return { k: view.getUint8(1), fixed: rawCoordinates(bytes.subarray(header, end)) };
}
