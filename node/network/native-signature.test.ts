import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignedBy } from '../../protocol/strict-signature.ts';
import { nativeSignatureCheck } from './native-signature.ts';

const { Point } = ed25519;
const order = Point.Fn.ORDER;
const message = new TextEncoder().encode('any');
const secretKey = new Uint8Array(32).fill(7);
const publicKey = ed25519.getPublicKey(secretKey);
const signature = ed25519.sign(message, secretKey);
const scalar = (bytes: Uint8Array) => numberToBytesLE(bytesToNumberLE(sha512(bytes)) % order, 32);

/** A point of order eight. */
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

/** A signature whose equation holds with the cofactor only: its point, and its key where that is asked for, has a part of small order. */
function cofactored(onKey: boolean): { key: Uint8Array; signature: Uint8Array } {
  const [a, r] = [5n, 11n];
  const key = onKey ? Point.BASE.multiply(a).add(torsion) : Point.BASE.multiply(a);
  const point = onKey ? Point.BASE.multiply(r) : Point.BASE.multiply(r).add(torsion);
  const k = bytesToNumberLE(scalar(concatBytes(point.toBytes(), key.toBytes(), message)));
  const s = (r + k * a) % order;
  return { key: key.toBytes(), signature: concatBytes(point.toBytes(), numberToBytesLE(s, 32)) };
}

const withScalar = (change: (s: bigint) => bigint) =>
  concatBytes(
    signature.subarray(0, 32),
    numberToBytesLE(change(bytesToNumberLE(signature.subarray(32))), 32),
  );

/** Signed by everybody: [s]B = R + [k]A holds for any message where A has order one. */
const ofNobody = concatBytes(Point.BASE.multiply(3n).toBytes(), numberToBytesLE(3n, 32));
const identity = Point.ZERO.toBytes();
/** y = p + 1, which is 1. */
const unreducedIdentity = numberToBytesLE(Point.Fp.ORDER + 1n, 32);

describe('the native signature check', () => {
  const check = nativeSignatureCheck();

  it.each<[string, boolean, Uint8Array, Uint8Array]>([
    ['a signature', true, publicKey, signature],
    ['one with a changed scalar', false, publicKey, withScalar((s) => s ^ 1n)],
    ['one whose scalar is not reduced', false, publicKey, withScalar((s) => s + order)],
    ['one with a changed point', false, publicKey, signature.with(0, (signature[0] ?? 0) ^ 1)],
    ['one of another key', false, ed25519.getPublicKey(new Uint8Array(32).fill(8)), signature],
    ['one that holds with the cofactor only', true, cofactored(false).key, cofactored(false).signature],
    ['one of a key with a part of small order', true, cofactored(true).key, cofactored(true).signature],
    ['one of a key of order one', false, identity, ofNobody],
    ['one of a key of order one that is not reduced', false, unreducedIdentity, ofNobody],
    ['one of a key of order eight', false, torsion.toBytes(), ofNobody],
    ['one of a key that is no point', false, new Uint8Array(32).fill(2), signature],
  ])('judges %s as the strict rules do: %s', (_, holds, key, signed) => {
    const hex = bytesToHex(key);
    expect(isSignedBy(hex, message, signed)).toBe(holds);
    // The key is met, and then known.
    for (let time = 0; time < 2; time++) expect(check(hex, message, signed)).toBe(holds);
  });

  it('is of the same opinion on whatever was changed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 50 }),
        fc.option(fc.record({ at: fc.nat(95), by: fc.integer({ min: 1, max: 255 }) })),
        (secret, said, change) => {
          const signed = concatBytes(ed25519.getPublicKey(secret), ed25519.sign(said, secret));
          if (change !== null) signed[change.at] = (signed[change.at] ?? 0) ^ change.by;
          const key = bytesToHex(signed.subarray(0, 32));
          const expected = isSignedBy(key, said, signed.subarray(32));
          expect(check(key, said, signed.subarray(32))).toBe(expected);
          expect(expected).toBe(change === null);
        },
      ),
      { numRuns: 300 },
    );
  });
});
