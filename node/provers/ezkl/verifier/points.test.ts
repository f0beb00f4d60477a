import { hexToBytes, numberToBytesBE } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coordinateModulus } from '../../../../protocol/field.ts';
import { srsId } from '../../../../protocol/ids.ts';
import { knownSrs } from '../../../../protocol/srs.ts';
import { multiScalarMultiply } from './msm.ts';
import {
  G1,
  G2,
  readG1,
  readG2,
  readRawG1,
  readRawG2,
  writeG1,
  writeG2,
  writeRawG1,
  writeRawG2,
} from './points.ts';
import { minimalSrsFile, openSrs, readVerificationData } from './srs.ts';

const scalar = fc.bigInt({ min: 1n, max: (1n << 200n) - 1n });
const malformed = expect.objectContaining({ code: 'ENCODING_INVALID' });

describe('points', () => {
  it('survive both encodings', () => {
    fc.assert(
      fc.property(scalar, (s) => {
        const [a, b] = [G1.BASE.multiply(s), G2.BASE.multiply(s)];
        expect(readG1(writeG1(a), 'a').equals(a)).toBe(true);
        expect(readRawG1(writeRawG1(a), 'a').equals(a)).toBe(true);
        expect(readG2(writeG2(b), 'b').equals(b)).toBe(true);
        expect(readRawG2(writeRawG2(b), 'b').equals(b)).toBe(true);
      }),
      { numRuns: 5 },
    );
  });

  it('are written as EIP-197 and halo2 have the generator', () => {
    expect(writeG1(G1.BASE)).toEqual(
      Uint8Array.from([...numberToBytesBE(1n, 32), ...numberToBytesBE(2n, 32)]),
    );
    // 1 in Montgomery form, 2^256 mod p, little-endian.
    expect(writeRawG1(G1.BASE).subarray(0, 32)).toEqual(
      numberToBytesBE((1n << 256n) % coordinateModulus, 32).reverse(),
    );
  });

  it('are refused when not reduced, off the curve, outside the subgroup, at infinity or cut', () => {
    const g1 = writeG1(G1.BASE);
    const shifted = Uint8Array.from([...numberToBytesBE(coordinateModulus + 1n, 32), ...g1.subarray(32)]);
    for (const bytes of [shifted, new Uint8Array(64), g1.map((byte, i) => (i === 63 ? 3 : byte))]) {
      expect(() => readG1(bytes, 'it')).toThrow(malformed);
    }
    for (const bytes of [new Uint8Array(128), writeG2(G2.BASE).with(127, 1)]) {
      expect(() => readG2(bytes, 'it')).toThrow(malformed);
    }
    expect(() => readVerificationData(writeG2(G2.BASE).subarray(1))).toThrow(malformed);
  });
});

describe('verification data', () => {
  it('of every known SRS are a point, and have its id', () => {
    for (const { id, sG2 } of knownSrs) {
      const bytes = hexToBytes(sG2);
      expect(writeG2(readVerificationData(bytes))).toEqual(bytes);
      expect(srsId('bn254', bytes)).toBe(id);
    }
  });

  it('make an SRS file of the least size', () => {
    const bytes = hexToBytes(knownSrs[0]?.sG2 ?? '');
    const file = openSrs(minimalSrsFile(bytes));
    expect(file.k).toBe(1);
    expect(writeG2(readRawG2(file.sG2, 'it'))).toEqual(bytes);
  });
});

it('sums scalar multiples as one by one', () => {
  const short = fc.bigInt({ min: -300n, max: 300n });
  const long = fc.bigInt({ min: -(1n << 253n), max: 1n << 253n });
  fc.assert(
    fc.property(fc.array(fc.oneof(short, long), { maxLength: 20 }), (scalars) => {
      const points = scalars.map((_, i) => G1.BASE.multiply(BigInt(i + 1)));
      const expected = scalars.reduce((sum, value, i) => {
        const point = points[i] as (typeof points)[number];
        const term = point.multiplyUnsafe(value < 0n ? -value : value);
        return sum.add(value < 0n ? term.negate() : term);
      }, G1.ZERO);
      expect(multiScalarMultiply(points, scalars).equals(expected)).toBe(true);
    }),
    { numRuns: 30 },
  );
});
