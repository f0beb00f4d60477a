import { pippenger } from '@noble/curves/abstract/curve.js';
import { bn254 } from '@noble/curves/bn254.js';
import { TesseraError } from '../../../../protocol/errors.ts';
import { scalarModulus } from '../../../../protocol/field.ts';
import { g1Bytes, g2Bytes, readG1, readG2 } from './points.ts';
import { readVerifyingKey, type VerifyingKey } from './verifying-key.ts';

/** A proof is A ‖ B ‖ C. */
export const proofBytes = 2 * g1Bytes + g2Bytes;

/** A proof, and all that decides whether it holds. */
export interface EncodedCheck {
  verifyingKey: Uint8Array;
  proof: Uint8Array;
  publicInputs: readonly bigint[];
}

/** An encoding that is not canonical, or of another length, is a reason, too. */
export type ProofVerdict = { verdict: 'valid' } | { verdict: 'invalid'; reason: string };

/** @throws TesseraError `ENCODING_INVALID` for a malformed key */
export function judgeProof({ verifyingKey, proof, publicInputs }: EncodedCheck): ProofVerdict {
  const key = readVerifyingKey(verifyingKey);
  try {
    return checkProof(key, proof, publicInputs)
      ? { verdict: 'valid' }
      : { verdict: 'invalid', reason: 'the pairing equation does not hold' };
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code !== 'ENCODING_INVALID') throw error;
    return { verdict: 'invalid', reason: error.message };
  }
}

/**
 * The verification of https://eprint.iacr.org/2016/260: e(A, B) = e(α, β) · e(K₀ + Σ xᵢ·Kᵢ, γ) · e(C, δ).
 * @throws TesseraError `ENCODING_INVALID` when the proof or a public input is not canonical, or their number is wrong
 */
function checkProof(key: VerifyingKey, proof: Uint8Array, publicInputs: readonly bigint[]): boolean {
  if (proof.length !== proofBytes) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `A proof has ${proofBytes} bytes, not ${proof.length}`,
    });
  }
  if (publicInputs.length !== key.k.length - 1) {
    throw new TesseraError('ENCODING_INVALID', {
      message: `The key takes ${key.k.length - 1} public inputs, not ${publicInputs.length}`,
    });
  }
  publicInputs.forEach((value, index) => {
    if (value < 0n || value >= scalarModulus) {
      throw new TesseraError('ENCODING_INVALID', { message: `Public input ${index} is not below r` });
    }
  });
  const a = readG1(proof);
  const b = readG2(proof.subarray(g1Bytes));
  const c = readG1(proof.subarray(g1Bytes + g2Bytes));
  const [k0, ...ks] = key.k as [VerifyingKey['alpha'], ...VerifyingKey['k']];
  const inputs = ks.length === 0 ? k0 : k0.add(pippenger(bn254.G1.Point, ks, [...publicInputs]));
  const pairs = [
    { g1: a.negate(), g2: b },
    { g1: key.alpha, g2: key.beta },
    { g1: inputs, g2: key.gamma },
    { g1: c, g2: key.delta },
  ];
  // The pairing with infinity is one.
  const product = bn254.pairingBatch(pairs.filter(({ g1 }) => !g1.is0()));
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE);
}
