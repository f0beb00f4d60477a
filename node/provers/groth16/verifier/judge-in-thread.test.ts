import { bn254 } from '@noble/curves/bn254.js';
import { expect, it } from 'vitest';
import { scalarModulus, writeElements } from '../../../../protocol/field.ts';
import { judgeInThread } from './judge-in-thread.ts';
import { type EncodedCheck, judgeProof } from './pairing-check.ts';

/** More than are judged without a thread. */
const inputCount = 300;

const { Fr } = bn254.fields;

/** 32 big-endian bytes each. */
function words(...values: readonly bigint[]): Uint8Array {
  return Buffer.from(values.map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex');
}

function g1(scalar: bigint): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar).toAffine();
  return words(x, y);
}

function g2(scalar: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar).toAffine();
  return words(x.c1, x.c0, y.c1, y.c0);
}

/** A key whose secrets are known, and a proof made with them: it holds for these public inputs and no others. */
function knownCheck(): EncodedCheck {
  const [alpha, beta, gamma, delta, a, b] = [2n, 3n, 5n, 7n, 11n, 13n];
  const publicInputs = Array.from({ length: inputCount }, (_, i) => BigInt(i) ** 9n);
  const k = Array.from({ length: inputCount + 1 }, (_, i) => BigInt(2 * i + 1));
  const sum = publicInputs.reduce((total, value, i) => total + value * (k[i + 1] as bigint), k[0] as bigint);
  const c = Fr.div(Fr.create(a * b - alpha * beta - sum * gamma), delta);
  return {
    verifyingKey: Buffer.concat([g1(alpha), g2(beta), g2(gamma), g2(delta), ...k.map(g1)]),
    proof: Buffer.concat([g1(a), g2(b), g1(c)]),
    publicInputs,
  };
}

const check = knownCheck();

it('finds what judging here finds, and lets this thread go on', async () => {
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  const verdict = await judgeInThread(check).finally(() => clearInterval(counting));
  expect(verdict).toEqual({ verdict: 'valid' });
  expect(turns).toBeGreaterThan(0);
  expect(judgeProof(check)).toEqual({ verdict: 'valid' });

  for (const changed of [
    { ...check, publicInputs: check.publicInputs.with(299, 1n) },
    { ...check, publicInputs: check.publicInputs.with(299, scalarModulus) },
    { ...check, proof: check.proof.subarray(1) },
  ]) {
    const found = await judgeInThread(changed);
    expect(found.verdict).toBe('invalid');
    expect(found).toEqual(judgeProof(changed));
  }
});

it('carries errors whole, and ends when it is cancelled', async () => {
  const malformed = { ...check, verifyingKey: Uint8Array.from(check.verifyingKey) };
  malformed.verifyingKey.set(writeElements([1n, 1n]));
  await expect(judgeInThread(malformed)).rejects.toMatchObject({ code: 'ENCODING_INVALID' });
  const interruption = new AbortController();
  const cancelled = judgeInThread(check, interruption.signal);
  interruption.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
});
