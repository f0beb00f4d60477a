/**
 * The SRS in the two forms that verification uses.
 * - **Verification data**: [s]G2 alone, 128 bytes as the EVM reads it. G1 and G2 are the curve's generators, which
 *   every SRS here must start from, so nothing else is free and an id fixes these bytes.
 * - **SRS file**: halo2's `ParamsKZG` as ezkl reads it: k (u32, little-endian), then raw points: the powers
 *   [s^i]G1 for i < 2^k, the Lagrange basis [L_i(s)]G1, G2 and [s]G2.
 */
import { bn254, bn254_Fr } from '@noble/curves/bn254.js';
import { bytesToNumberBE, randomBytes } from '@noble/curves/utils.js';
import { TesseraError } from '../../../../protocol/errors.ts';
import { throwIfAborted } from '../../../abort.ts';
import { multiScalarMultiply } from './msm.ts';
import {
  G1,
  type G1Point,
  G2,
  g1Length,
  g2Length,
  readG2,
  readRawG1,
  readRawG2,
  writeG2,
  writeRawG1,
  writeRawG2,
} from './points.ts';

const Fr = bn254_Fr;
/** Largest SRS that is read: 2^24 powers are 2 GiB. */
const maxK = 24;

/** Views into an SRS file whose length has been checked. */
export interface SrsFile {
  k: number;
  powers: Uint8Array;
  lagrange: Uint8Array;
  g2: Uint8Array;
  sG2: Uint8Array;
}

function invalid(why: string, cause?: unknown): TesseraError {
  return new TesseraError('SRS_INVALID', {
    message: `SRS: ${why}`,
    remedy: "Give a file in ezkl's format, of exactly the circuits' size.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Splits an SRS file into its parts without reading a point.
 *
 * @throws TesseraError `SRS_INVALID` when the length does not fit the size it states
 */
export function openSrs(bytes: Uint8Array): SrsFile {
  const k = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (k < 1 || k > maxK) throw invalid(`its size is 2^${k}, outside 2^1 to 2^${maxK}`);
  const side = g1Length * 2 ** k;
  const length = 4 + 2 * side + 2 * g2Length;
  if (bytes.length !== length) throw invalid(`${bytes.length} bytes, where k=${k} makes ${length}`);
  const part = (start: number, size: number) => bytes.subarray(start, start + size);
  return {
    k,
    powers: part(4, side),
    lagrange: part(4 + side, side),
    g2: part(4 + 2 * side, g2Length),
    sG2: part(4 + 2 * side + g2Length, g2Length),
  };
}

/** The verification data of an SRS file: what a certificate carries. */
export function verificationDataOf(bytes: Uint8Array): Uint8Array {
  return writeG2(readRawG2(openSrs(bytes).sG2, 'SRS: [s]G2'));
}

/**
 * The SRS file of the least size that has this [s]G2.
 *
 * A KZG verifier only evaluates: it commits to nothing but constants ([1]G1), and pairs with G2 and [s]G2;
 * the public values are interpolated in the field. (halo2 with SHPLONK; ezkl's own `--reduced-srs` also
 * verifies with k=1.) So the power [s]G1 and the Lagrange points that fill the file up are never read, and
 * stand-ins do; a proof's degree bound is held by the key's own domain.
 *
 * @throws TesseraError `ENCODING_INVALID` when the data are not one G2 point
 */
export function minimalSrsFile(verificationData: Uint8Array): Uint8Array {
  const sG2 = readVerificationData(verificationData);
  const file = new Uint8Array(4 + 4 * g1Length + 2 * g2Length);
  file[0] = 1;
  for (let i = 0; i < 4; i++) file.set(writeRawG1(G1.BASE), 4 + g1Length * i);
  file.set(writeRawG2(G2.BASE), 4 + 4 * g1Length);
  file.set(writeRawG2(sG2), 4 + 4 * g1Length + g2Length);
  return file;
}

/** [s]G2 of verification data. */
export function readVerificationData(bytes: Uint8Array) {
  if (bytes.length !== g2Length) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `SRS verification data: ${bytes.length} bytes instead of ${g2Length}`,
    });
  }
  return readG2(bytes, 'SRS verification data: [s]G2');
}

/** Generator of the domain of size 2^k, as halo2 has it for BN254: 7^((r−1)/2^k). */
function omegaOf(k: number): bigint {
  return Fr.pow(7n, (Fr.ORDER - 1n) >> BigInt(k));
}

/** Values of the polynomial with these coefficients on the domain, by the fast Fourier transform (in place). */
function evaluate(coefficients: bigint[], k: number): void {
  const n = coefficients.length;
  for (let i = 0; i < n; i++) {
    let j = 0;
    for (let bit = 0; bit < k; bit++) j |= ((i >> bit) & 1) << (k - 1 - bit);
    if (i < j) [coefficients[i], coefficients[j]] = [coefficients[j] ?? 0n, coefficients[i] ?? 0n];
  }
  for (let half = 1, level = 1; half < n; half *= 2, level++) {
    const step = omegaOf(level);
    for (let start = 0; start < n; start += 2 * half) {
      let power = 1n;
      for (let i = start; i < start + half; i++) {
        const even = coefficients[i] ?? 0n;
        const odd = ((coefficients[i + half] ?? 0n) * power) % Fr.ORDER;
        coefficients[i] = (even + odd) % Fr.ORDER;
        coefficients[i + half] = (even - odd + Fr.ORDER) % Fr.ORDER;
        power = (power * step) % Fr.ORDER;
      }
    }
  }
}

export interface CheckOptions {
  signal?: AbortSignal;
  /** Points checked so far, of how many. */
  onProgress?: (done: number, total: number) => void;
}

/** Points between two looks at the signal: some hundred milliseconds of work. */
const chunk = 4_096;

function randomScalars(count: number): bigint[] {
  // 128 bits: a wrong power survives with probability 2^−128.
  return Array.from({ length: count }, () => bytesToNumberBE(randomBytes(16)));
}

/**
 * Checks that an SRS file is what it must be for *some* secret s: all points on the curve, the first power the
 * generator, each power s times the one before (by pairing, in one random combination), and the Lagrange points
 * equal to the same polynomials' commitments as the powers (a random polynomial committed both ways).
 * Says nothing about who knows s.
 *
 * About 1.5 s for k=12 and 3 s for k=13 on one core.
 *
 * @returns the size and the verification data
 * @throws TesseraError `SRS_INVALID`, or `ABORTED`
 */
export async function checkSrs(
  bytes: Uint8Array,
  options: CheckOptions = {},
): Promise<{ k: number; verificationData: Uint8Array }> {
  const file = openSrs(bytes);
  const n = 2 ** file.k;
  try {
    const sG2 = readRawG2(file.sG2, '[s]G2');
    if (!readRawG2(file.g2, 'G2').equals(G2.BASE)) throw invalid('G2 is not the generator');
    if (!readRawG1(file.powers, 'power 0').equals(G1.BASE)) throw invalid('power 0 is not the generator');

    // c weighs the powers; its last weight only serves the Lagrange points.
    const c = randomScalars(n);
    const values = [...c];
    evaluate(values, file.k);

    let head = G1.ZERO;
    let shifted = G1.ZERO;
    let byLagrange = G1.ZERO;
    for (let start = 0; start < n; start += chunk) {
      await pause(options.signal);
      options.onProgress?.(start, n);
      const size = Math.min(chunk, n - start);
      const last = start + size === n;
      const read = (side: Uint8Array, count: number, name: string) =>
        Array.from({ length: count }, (_, i) =>
          readRawG1(side.subarray(g1Length * (start + i)), `${name} ${start + i}`),
        );
      const powers = read(file.powers, last ? size : size + 1, 'power');
      const weights = c.slice(start, start + size);
      const pairs = last ? size - 1 : size;
      head = head.add(multiScalarMultiply(powers.slice(0, pairs), weights.slice(0, pairs)));
      shifted = shifted.add(multiScalarMultiply(powers.slice(1, pairs + 1), weights.slice(0, pairs)));
      byLagrange = byLagrange.add(
        multiScalarMultiply(read(file.lagrange, size, 'Lagrange point'), values.slice(start, start + size)),
      );
      if (last) {
        const top = powers[size - 1];
        const weight = weights[size - 1];
        if (top === undefined || weight === undefined) throw invalid('it has no powers');
        requirePowers(head, shifted, sG2);
        if (!head.add(multiScalarMultiply([top], [weight])).equals(byLagrange)) {
          throw invalid('the Lagrange points are not those of the powers');
        }
      }
    }
    options.onProgress?.(n, n);
    return { k: file.k, verificationData: writeG2(sG2) };
  } catch (error) {
    if (error instanceof TesseraError && error.code === 'ENCODING_INVALID')
      throw invalid(error.message, error);
    throw error;
  }
}

/** e(Σ cᵢ·P_{i+1}, G2) = e(Σ cᵢ·P_i, [s]G2) */
function requirePowers(head: G1Point, shifted: G1Point, sG2: ReturnType<typeof readRawG2>): void {
  const left = bn254.pairing(shifted, G2.BASE);
  const right = bn254.pairing(head, sG2);
  if (!bn254.fields.Fp12.eql(left, right)) throw invalid('its powers are not those of one secret');
}

/** Lets other work run, then stops when the signal says so. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  throwIfAborted(signal);
}
