import { bn254 } from '@noble/curves/bn254.js';
import { TesseraError } from '../../../../protocol/errors.ts';
import { coordinateModulus } from '../../../../protocol/field.ts';

/** Points as EIP-196 and EIP-197 encode them: 32-byte big-endian coordinates, in G2 the imaginary part first. */
export const g1Bytes = 64;
export const g2Bytes = 128;

const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;

export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

function coordinate(bytes: Uint8Array, offset: number): bigint {
  let value = 0n;
  for (const byte of bytes.subarray(offset, offset + 32)) value = (value << 8n) | BigInt(byte);
  if (value >= coordinateModulus) throw invalid('a coordinate is not below the modulus');
  return value;
}

function invalid(what: string, cause?: unknown): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `A point of BN254 is malformed: ${what}`, cause });
}

/**
 * @param bytes {@link g1Bytes} long
 * @throws TesseraError `ENCODING_INVALID` unless canonical, on the curve and not infinity
 */
export function readG1(bytes: Uint8Array): G1Point {
  const x = coordinate(bytes, 0);
  const y = coordinate(bytes, 32);
  if (x === 0n && y === 0n) throw invalid('it is the point at infinity');
  return checked(() => G1.fromAffine({ x, y }));
}

/**
 * @param bytes {@link g2Bytes} long
 * @throws TesseraError `ENCODING_INVALID` unless canonical, in the subgroup of order r and not infinity
 */
export function readG2(bytes: Uint8Array): G2Point {
  const [x1, x0, y1, y0] = [0, 32, 64, 96].map((offset) => coordinate(bytes, offset)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if ([x1, x0, y1, y0].every((part) => part === 0n)) throw invalid('it is the point at infinity');
  return checked(() => G2.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } }));
}

function checked<P extends { assertValidity(): void; isTorsionFree(): boolean }>(make: () => P): P {
  try {
    const point = make();
    point.assertValidity();
    if (point.isTorsionFree()) return point;
  } catch (cause) {
    throw invalid('it is not in the group of order r', cause);
  }
  throw invalid('it is not in the group of order r');
}
