import { bn254 } from '@noble/curves/bn254.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { srsId } from './ids.ts';
import { findSrs, knownSrs, leastTrust, trustOf } from './srs.ts';

describe('known SRS', () => {
  it.each(knownSrs)('$name is filed under the id of its [s]G2, a point of the group', ({ id, sG2 }) => {
    expect(srsId('bn254', hexToBytes(sG2))).toBe(id);
    const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = [0, 64, 128, 192].map((at) =>
      BigInt(`0x${sG2.slice(at, at + 64)}`),
    );
    const { Fp2 } = bn254.fields;
    const point = bn254.G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) });
    point.assertValidity();
    expect(point.equals(bn254.G2.Point.BASE)).toBe(false);
    expect(findSrs(id)?.files[15]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are trusted as listed, and any other for development only', () => {
    expect(knownSrs.map(({ id }) => trustOf(id))).toEqual(['public']);
    expect(trustOf('0'.repeat(64))).toBe('development');
  });

  it('count by the least trusted of them', () => {
    expect(leastTrust([])).toBe('public');
    expect(leastTrust(['public', 'ceremony'])).toBe('ceremony');
    expect(leastTrust(['ceremony', 'development', 'public'])).toBe('development');
  });
});
