import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCertificate, encodeCertificate } from './certificate-codec.ts';
import { type CborValue, decodeCbor, encodeCbor } from './encoding/cbor.ts';
import { type ErrorCode, TesseraError } from './errors.ts';
import { certificate as anyCertificate } from './fixtures/arbitraries.ts';
import { run, toyCertificate } from './fixtures/toy-certificate.ts';

const honest = toyCertificate(run([1n, -2n, 3n, 4n]));
const file = encodeCertificate(honest);
const generous = { bytes: 2 ** 20, items: 2 ** 16, depth: 16 };

function codeOf(bytes: Uint8Array): ErrorCode | 'none' {
  try {
    decodeCertificate(bytes);
    return 'none';
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    return error.code;
  }
}

/** The body of the honest certificate, to be changed and sealed again as an attacker would. */
function body(): Map<string, CborValue> {
  const [, , , inner] = decodeCbor(file, generous) as [string, number, Uint8Array, Uint8Array];
  const [, , content] = decodeCbor(inner, generous) as [string, number, Map<string, CborValue>];
  return content;
}

function sealBytes(inner: Uint8Array): Uint8Array {
  return encodeCbor(['tessera/certificate', 1, sha256(inner), inner]);
}

function seal(content: CborValue, tag = 'tessera/certificate-body', version = 1): Uint8Array {
  return sealBytes(encodeCbor([tag, version, content]));
}

describe('certificates', () => {
  it('come back as they were', () => {
    expect(decodeCertificate(file)).toEqual(honest);
    fc.assert(
      fc.property(anyCertificate, (certificate) => {
        const bytes = encodeCertificate(certificate);
        const again = decodeCertificate(bytes);
        expect(again).toEqual(certificate);
        expect(encodeCertificate(again)).toEqual(bytes);
      }),
    );
  });

  it('have one encoding, whatever order their maps are in', () => {
    const artifacts = new Map([...honest.artifacts].reverse());
    expect(encodeCertificate({ ...honest, artifacts })).toEqual(file);
  });

  it('are refused as damaged, or as another version, when any byte has changed', () => {
    for (const index of file.keys()) {
      const code = codeOf(file.with(index, (file[index] ?? 0) ^ 1));
      // The envelope's 64 bytes hold the version.
      const expected = index < 64 && code === 'ENCODING_INVALID' ? code : 'CERTIFICATE_DAMAGED';
      expect(code).toBe(expected);
    }
  });

  it('are refused as damaged when cut off or continued', () => {
    for (const length of [0, 1, 30, 100, file.length - 1]) {
      expect(codeOf(file.slice(0, length))).toBe('CERTIFICATE_DAMAGED');
    }
    expect(codeOf(new Uint8Array([...file, 0]))).toBe('CERTIFICATE_DAMAGED');
  });

  it('never get anything but a TesseraError out of random bytes, sealed or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(bytes)).toBe('CERTIFICATE_DAMAGED');
        expect(codeOf(sealBytes(bytes))).toBe('ENCODING_INVALID');
      }),
    );
  });

  it('never get anything but a TesseraError out of a body with one byte changed and sealed again', () => {
    const [, , , inner] = decodeCbor(file, generous) as [string, number, Uint8Array, Uint8Array];
    fc.assert(
      fc.property(fc.nat(inner.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = sealBytes(inner.with(index, (inner[index] ?? 0) ^ flip));
        const code = codeOf(changed);
        if (code === 'none') expect(decodeCertificate(changed)).not.toEqual(honest);
        else expect(code).toBe('ENCODING_INVALID');
      }),
    );
  });

  it('are refused with unknown, missing or mistyped fields, though sealed', () => {
    const cases: [string, CborValue][] = [
      ['unknown field', body().set('extra', 1)],
      ['proofs', body().set('proofs', 'none')],
      ['artifacts', body().set('artifacts', new Map([['00', new Uint8Array()]]))],
      ['artifacts', body().set('artifacts', new Map([['AB'.repeat(32), new Uint8Array()]]))],
      ['statements', body().set('statements', [new Map<string, CborValue>([['edge', 0]])])],
      ['commitments', body().set('commitments', [[null]])],
    ];
    const lacking = body();
    lacking.delete('srs');
    cases.push(['lacks the field srs', lacking]);
    for (const [reason, content] of cases) {
      expect(() => decodeCertificate(seal(content))).toThrow(
        expect.objectContaining({ code: 'ENCODING_INVALID', message: expect.stringContaining(reason) }),
      );
    }
  });

  it('are refused with public values that are not below the modulus, and floats that are not numbers', () => {
    const statement = (values: Uint8Array, floats: Uint8Array) =>
      body().set('statements', [
        new Map<string, CborValue>([
          ['edge', 0],
          ['values', values],
          ['floats', floats],
        ]),
      ]);
    expect(codeOf(seal(statement(new Uint8Array(32), new Uint8Array(8))))).toBe('none');
    expect(codeOf(seal(statement(new Uint8Array(32).fill(0xff), new Uint8Array(8))))).toBe(
      'ENCODING_INVALID',
    );
    expect(codeOf(seal(statement(new Uint8Array(31), new Uint8Array(8))))).toBe('ENCODING_INVALID');
    expect(codeOf(seal(statement(new Uint8Array(32), new Uint8Array(8).fill(0xff))))).toBe(
      'ENCODING_INVALID',
    );
    expect(codeOf(seal(statement(new Uint8Array(32), new Uint8Array(7))))).toBe('ENCODING_INVALID');
  });

  it('are refused in another version, and when they are another kind of file', () => {
    expect(codeOf(seal(body(), 'tessera/certificate-body', 2))).toBe('ENCODING_INVALID');
    expect(codeOf(seal(body(), 'tessera/manifest'))).toBe('ENCODING_INVALID');
    expect(codeOf(encodeCbor(['tessera/certificate', 2, new Uint8Array(32), new Uint8Array()]))).toBe(
      'ENCODING_INVALID',
    );
    expect(codeOf(encodeCbor(['another', 1, new Uint8Array(32), new Uint8Array()]))).toBe(
      'CERTIFICATE_DAMAGED',
    );
  });
});
