import { TesseraError } from '../../../../protocol/errors.ts';
import { type G1Point, type G2Point, g1Bytes, g2Bytes, readG1, readG2 } from './points.ts';

/** Public inputs that a circuit may have: a key of 16 MiB. */
export const maxPublicInputs = 2 ** 18;

const headerBytes = g1Bytes + 3 * g2Bytes;

/** A verifying key, in the notation of https://eprint.iacr.org/2016/260. */
export interface VerifyingKey {
  alpha: G1Point;
  beta: G2Point;
  gamma: G2Point;
  delta: G2Point;
  /** For the constant, then for each public input. */
  k: readonly G1Point[];
}

/** How many public inputs a key of this many bytes has. */
export function publicInputCount(bytes: Uint8Array): number {
  const points = (bytes.length - headerBytes) / g1Bytes;
  if (!Number.isInteger(points) || points < 1 || points > maxPublicInputs + 1) {
    throw new TesseraError('ENCODING_INVALID', { message: `No verifying key has ${bytes.length} bytes` });
  }
  return points - 1;
}

/**
 * Reads α ‖ β ‖ γ ‖ δ ‖ K₀ ‖ K₁ ‖ …, the form that the contract takes, too.
 * @throws TesseraError `ENCODING_INVALID` for a wrong length or a malformed point
 */
export function readVerifyingKey(bytes: Uint8Array): VerifyingKey {
  const count = publicInputCount(bytes) + 1;
  const g2At = (index: number) => readG2(bytes.subarray(g1Bytes + index * g2Bytes));
  return {
    alpha: readG1(bytes),
    beta: g2At(0),
    gamma: g2At(1),
    delta: g2At(2),
    k: Array.from({ length: count }, (_, i) => readG1(bytes.subarray(headerBytes + i * g1Bytes))),
  };
}
