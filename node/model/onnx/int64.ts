import type { Int64 } from './schema.ts';

/** A decoded 64-bit integer, exactly. */
export function toBigInt(value: Int64): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.unsigned ? value.high >>> 0 : value.high) << 32n) | BigInt(value.low >>> 0);
}

/** A decoded 64-bit integer as a number; NaN when a number cannot hold it exactly. */
export function toNumber(value: Int64): number {
  const exact = Number(toBigInt(value));
  return Number.isSafeInteger(exact) ? exact : Number.NaN;
}

/** A 64-bit integer in the form that protobufjs encodes. */
export function fromBigInt(value: bigint): Int64 {
  const bits = BigInt.asUintN(64, value);
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: false };
}
