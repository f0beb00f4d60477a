/**
 * Points and field elements of BN254 in the two encodings that ezkl's files mix:
 * proofs, VKAs and the EVM write canonical big-endian integers (EIP-197),
 * SRS files and verifying keys write halo2's "raw bytes": little-endian, in Montgomery form (x·2^256 mod p).
 */
import { bn254 } from '@noble/curves/bn254.js';
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE, numberToBytesLE } from '@noble/curves/utils.js';
import { TesseraError } from '../../../../protocol/errors.ts';
import { coordinateModulus } from '../../../../protocol/field.ts';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

const Fp = bn254.fields.Fp;
const Fp2 = bn254.fields.Fp2;

/** Bytes of one point, uncompressed. */
export const g1Length = 64;
export const g2Length = 128;

type FieldCodec = { read(bytes: Uint8Array): bigint; write(value: bigint): Uint8Array };

const montgomery = (1n << 256n) % coordinateModulus;
const montgomeryInverse = Fp.inv(montgomery);

const raw: FieldCodec = {
  read: (bytes) => (bytesToNumberLE(bytes) * montgomeryInverse) % coordinateModulus,
  write: (value) => numberToBytesLE((value * montgomery) % coordinateModulus, 32),
};

function malformed(what: string, why: string): TesseraError {
  return new TesseraError('ENCODING_INVALID', { message: `${what} ${why}` });
}

function coordinates(bytes: Uint8Array, what: string, littleEndian: boolean): bigint[] {
  const words: bigint[] = [];
  for (let at = 0; at < bytes.length; at += 32) {
    const word = bytes.subarray(at, at + 32);
    const value = littleEndian ? bytesToNumberLE(word) : bytesToNumberBE(word);
    if (value >= coordinateModulus)
      throw malformed(what, 'has a coordinate that is not below the field modulus');
    words.push(value);
  }
  return words;
}

function onCurve<P extends G1Point | G2Point>(point: P, what: string): P {
  // (0, 0), which no proof and no SRS has a use for; the library lets it pass.
  if (point.is0()) throw malformed(what, 'is the point at infinity');
  try {
    point.assertValidity();
  } catch (cause) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `${what} is not a point of the group`,
      cause,
    });
  }
  return point;
}

/**
 * Reads x ‖ y, big-endian.
 *
 * @throws TesseraError `ENCODING_INVALID` unless reduced, on the curve and not the point at infinity
 */
export function readG1(bytes: Uint8Array, what: string): G1Point {
  const [x = 0n, y = 0n] = coordinates(bytes.subarray(0, g1Length), what, false);
  return onCurve(G1.fromAffine({ x, y }), what);
}

export function writeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(g1Length);
  bytes.set(numberToBytesBE(x, 32), 0);
  bytes.set(numberToBytesBE(y, 32), 32);
  return bytes;
}

/**
 * Reads a G2 point as the EVM's precompiles do: x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0, big-endian.
 *
 * @throws TesseraError `ENCODING_INVALID` unless reduced, on the curve, in the subgroup of order r and not infinity
 */
export function readG2(bytes: Uint8Array, what: string): G2Point {
  const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = coordinates(bytes.subarray(0, g2Length), what, false);
  return onCurve(G2.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) }), what);
}

export function writeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(g2Length);
  for (const [i, value] of [x.c1, x.c0, y.c1, y.c0].entries()) bytes.set(numberToBytesBE(value, 32), 32 * i);
  return bytes;
}

/** Coordinates in halo2's raw bytes, as integers; whether they make points is not looked at. */
export function rawCoordinates(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => raw.read(bytes.subarray(32 * i, 32 * i + 32)));
}

/** As {@link readG1}, from halo2's raw bytes. */
export function readRawG1(bytes: Uint8Array, what: string): G1Point {
  coordinates(bytes.subarray(0, g1Length), what, true);
  const point = G1.fromAffine({ x: raw.read(bytes.subarray(0, 32)), y: raw.read(bytes.subarray(32, 64)) });
  return onCurve(point, what);
}

export function writeRawG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(g1Length);
  bytes.set(raw.write(x), 0);
  bytes.set(raw.write(y), 32);
  return bytes;
}

/** As {@link readG2}, from halo2's raw bytes (there c0 comes before c1). */
export function readRawG2(bytes: Uint8Array, what: string): G2Point {
  coordinates(bytes.subarray(0, g2Length), what, true);
  const word = (i: number) => raw.read(bytes.subarray(32 * i, 32 * i + 32));
  return onCurve(
    G2.fromAffine({ x: Fp2.fromBigTuple([word(0), word(1)]), y: Fp2.fromBigTuple([word(2), word(3)]) }),
    what,
  );
}

export function writeRawG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = new Uint8Array(g2Length);
  for (const [i, value] of [x.c0, x.c1, y.c0, y.c1].entries()) bytes.set(raw.write(value), 32 * i);
  return bytes;
}
