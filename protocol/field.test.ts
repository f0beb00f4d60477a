import { bn254, bn254_Fr } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coordinateModulus,
  fromField,
  maxMagnitude,
  readElements,
  readIntegers,
  scalarModulus,
  toField,
  writeElements,
  writeIntegers,
} from './field.ts';

const integer = fc.bigInt({ min: -maxMagnitude, max: maxMagnitude });

describe('field elements', () => {
  it('are those of BN254', () => {
    expect(scalarModulus).toBe(bn254_Fr.ORDER);
    expect(coordinateModulus).toBe(bn254.fields.Fp.ORDER);
  });

  it('stand for one integer each', () => {
    fc.assert(
      fc.property(integer, (value) => {
        expect(fromField(toField(value))).toBe(value);
      }),
    );
    expect(toField(-1n)).toBe(scalarModulus - 1n);
    expect(fromField(maxMagnitude)).toBe(maxMagnitude);
    expect(fromField(maxMagnitude + 1n)).toBe(-maxMagnitude);
  });

  it('stand for no integer beyond half the modulus, and are below it', () => {
    expect(() => toField(maxMagnitude + 1n)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
    expect(() => toField(-maxMagnitude - 1n)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
    expect(() => fromField(scalarModulus)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
    expect(() => fromField(-1n)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
  });

  it('are 32 bytes big-endian, in one form', () => {
    expect(Buffer.from(writeIntegers([1n, -1n])).toString('hex')).toBe(
      `${'0'.repeat(63)}1${(scalarModulus - 1n).toString(16)}`,
    );
    fc.assert(
      fc.property(fc.array(integer), (values) => {
        expect(readIntegers(writeIntegers(values))).toEqual(values);
      }),
    );
    const modulus = new Uint8Array(Buffer.from(scalarModulus.toString(16), 'hex'));
    expect(() => readElements(modulus)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
    expect(() => readElements(new Uint8Array(33))).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
    expect(() => writeElements([scalarModulus])).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });

  it('are read from the middle of a buffer', () => {
    const bytes = new Uint8Array(70);
    bytes.set(writeIntegers([-5n]), 5);
    expect(readIntegers(bytes.subarray(5, 37))).toEqual([-5n]);
  });
});
