import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';

/** Bytes of a field element. */
export const FIELD_BYTES = 32;

/** The residue of any integer in [0, r). */
export function reduce(value: bigint): bigint {
  const rest = value % FIELD_ORDER;
  return rest < 0n ? rest + FIELD_ORDER : rest;
}

const ORDER_WORDS = Array.from({ length: 8 }, (_, i) =>
  Number((FIELD_ORDER >> BigInt(32 * (7 - i))) & 0xffffffffn),
);
const [, , , , , , ORDER_HIGH = 0, ORDER_LOW = 0] = ORDER_WORDS;

/** Writes the residue of an integer below 2^53 in magnitude, big-endian; without big integers, since witnesses are long. */
export function writeSmall(view: DataView, offset: number, value: number): void {
  if (value >= 0) {
    view.setUint32(offset + 24, Math.floor(value / 2 ** 32));
    view.setUint32(offset + 28, value >>> 0);
    return;
  }
  // r's last 64 bits exceed 2^53, so that subtracting never borrows from the words before.
  for (let i = 0; i < 6; i++) view.setUint32(offset + 4 * i, ORDER_WORDS[i] as number);
  const low = ORDER_LOW - (-value % 2 ** 32);
  view.setUint32(offset + 24, ORDER_HIGH - Math.floor(-value / 2 ** 32) - (low < 0 ? 1 : 0));
  view.setUint32(offset + 28, low < 0 ? low + 2 ** 32 : low);
}

/** Writes the residue of any integer, big-endian. */
export function writeField(view: DataView, offset: number, value: bigint): void {
  let rest = reduce(value);
  for (let i = 24; i >= 0; i -= 8) {
    view.setBigUint64(offset + i, rest & 0xffffffffffffffffn);
    rest >>= 64n;
  }
}

/** Reads 32 big-endian bytes, which may be r or more. */
export function readField(view: DataView, offset: number): bigint {
  let value = 0n;
  for (let i = 0; i < FIELD_BYTES; i += 8) value = (value << 64n) | view.getBigUint64(offset + i);
  return value;
}
