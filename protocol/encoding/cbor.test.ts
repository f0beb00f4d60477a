import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TesseraError } from '../errors.ts';
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts';

const limits = { bytes: 1_000, items: 100, depth: 4 };
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 5 }),
);
const anyValue = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 3 })
      .map((o) => new Map(Object.entries(o))),
  ),
})).value;

describe('canonical CBOR', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const generous = { bytes: 10_000, items: 10_000, depth: 8 };
        expect(decodeCbor(encodeCbor(value), generous)).toEqual(value);
      }),
    );
  });

  it('accepts no second encoding of anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
        try {
          expect(encodeCbor(decodeCbor(input, limits))).toEqual(input);
        } catch (error) {
          if (!(error instanceof TesseraError)) throw error;
          expect(error.code).toBe('ENCODING_INVALID');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes the order of RFC 8949 §4.2.1', () => {
    const value = new Map([
      ['aa', 1],
      ['b', 2],
    ]);
    expect(Buffer.from(encodeCbor(value)).toString('hex')).toBe('a261620262616101');
  });

  it.each([
    ['a head longer than needed', '1801'],
    ['an indefinite array', '9f01ff'],
    ['an indefinite byte string', '5f4101ff'],
    ['keys in another order', 'a262616101616202'],
    ['a key twice', 'a2616101616102'],
    ['a key that is no text', 'a10102'],
    ['a float', 'f93c00'],
    ['undefined', 'f7'],
    ['a tag', 'c100'],
    ['a simple value', 'e0'],
    ['text that is not UTF-8', '61ff'],
    ['an integer that is not safe', '1bffffffffffffffff'],
    ['bytes after the end', '0000'],
    ['an end too early', '8201'],
    ['nothing', ''],
    ['an array said to have 2^32 − 1 items', '9affffffff'],
    ['a map said to have 2^32 − 1 entries', 'baffffffff'],
    ['a byte string said to have 2^32 − 1 bytes', '5affffffff'],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeCbor(bytes(hex), limits)).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });

  it('holds its limits', () => {
    expect(decodeCbor(bytes('8181818100'), limits)).toEqual([[[[0]]]]);
    expect(() => decodeCbor(bytes('818181818100'), limits)).toThrow(/deeper than 4/);
    expect(() => decodeCbor(encodeCbor(Array(100).fill(0)), limits)).toThrow(/more than 100 items/);
    expect(decodeCbor(encodeCbor(Array(99).fill(0)), limits)).toHaveLength(99);
    expect(() => decodeCbor(new Uint8Array(1_001), limits)).toThrow(/above the limit of 1000/);
  });
});
