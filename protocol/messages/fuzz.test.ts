import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CborValue, encodeCbor } from '../encoding/cbor.ts';
import { TesseraError } from '../errors.ts';
import vectors from '../vectors/messages.json' with { type: 'json' };
import { decodeMessageBody, encodeMessageBody, openMessage } from './index.ts';

const envelopes = vectors.messages.map(({ bytes }) => hexToBytes(bytes));
const bodies = envelopes.map((bytes) => encodeMessageBody(openMessage(bytes).message));

/** Whatever a decoder is given, it answers with a value or refuses with this one error. */
function refusesOnly<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof TesseraError && error.code === 'ENCODING_INVALID') return undefined;
    throw error;
  }
}

/** Some bytes of a valid encoding changed, cut out, doubled or put elsewhere. */
const mutated = (valid: readonly Uint8Array[]) =>
  fc
    .tuple(
      fc.constantFrom(...valid),
      fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
          remove: fc.nat(4),
          insert: fc.uint8Array({ maxLength: 4 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    )
    .map(([bytes, edits]) =>
      edits.reduce((current, { at, remove, insert }) => {
        const from = Math.floor(at * current.length);
        return concatBytes(current.subarray(0, from), insert, current.subarray(from + remove));
      }, bytes),
    );

const anyCbor: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
      .map((entries) => new Map<string, CborValue>(entries)),
  ),
})).value;

/** The fields of valid messages, each possibly with a value of any kind. */
const anyFields = fc.tuple(fc.constantFrom(...bodies), fc.nat(20), anyCbor).map(([body, at, value]) => {
  const fields = Object.entries(decodeMessageBody(body)).map(([name, field], i): [string, CborValue] => [
    name,
    i === at ? value : toCbor(field),
  ]);
  return encodeCbor(['tessera/message-body', 1, new Map(fields)]);
});

function toCbor(value: unknown): CborValue {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return hexToBytes(value);
  if (typeof value === 'bigint') return Uint8Array.of(Number(value % 255n) + 1);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(toCbor);
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([name, field]) => [name, toCbor(field)]));
  }
  return value as CborValue;
}

describe('decoders, given what nobody should send', () => {
  it('refuse arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        refusesOnly(openMessage, bytes);
        refusesOnly(decodeMessageBody, bytes);
      }),
      { numRuns: 50_000 },
    );
  });

  it('refuse mutations of valid bodies, or read what encodes to exactly these bytes', () => {
    fc.assert(
      fc.property(mutated(bodies), (bytes) => {
        const message = refusesOnly(decodeMessageBody, bytes);
        if (message !== undefined) expect(bytesToHex(encodeMessageBody(message))).toBe(bytesToHex(bytes));
      }),
      { numRuns: 50_000 },
    );
  });

  it('refuse fields of any other kind, or read what encodes to exactly these bytes', () => {
    fc.assert(
      fc.property(anyFields, (bytes) => {
        const message = refusesOnly(decodeMessageBody, bytes);
        if (message !== undefined) expect(bytesToHex(encodeMessageBody(message))).toBe(bytesToHex(bytes));
      }),
      { numRuns: 30_000 },
    );
  });

  it('refuse every mutation of a signed message that is not the message itself', () => {
    fc.assert(
      fc.property(mutated(envelopes), (bytes) => {
        const unchanged = vectors.messages.some((vector) => vector.bytes === bytesToHex(bytes));
        expect(refusesOnly(openMessage, bytes) !== undefined).toBe(unchanged);
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuse any body that its sender signed but the format does not allow', () => {
    const secretKey = hexToBytes(vectors.secretKey);
    fc.assert(
      fc.property(fc.oneof(mutated(bodies), anyFields), (body) => {
        const signature = ed25519.sign(concatBytes(utf8ToBytes('tessera/message/1\0'), body), secretKey);
        const envelope = encodeCbor(['tessera/message', 1, body, signature]);
        const opened = refusesOnly(openMessage, envelope);
        if (opened !== undefined) expect(refusesOnly(decodeMessageBody, body)).toEqual(opened.message);
      }),
      { numRuns: 500 },
    );
  });

  it('allocate nothing for counts and lengths that the bytes cannot hold', () => {
    const head = (major: number) => Uint8Array.of((major << 5) | 27, 0, 0, 0, 255, 255, 255, 255, 255);
    const before = process.memoryUsage().heapUsed;
    for (const major of [2, 3, 4, 5]) {
      for (let i = 0; i < 1_000; i++) {
        expect(refusesOnly(openMessage, head(major))).toBeUndefined();
        expect(refusesOnly(decodeMessageBody, concatBytes(Uint8Array.of(0x83), head(major)))).toBeUndefined();
      }
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 27);
  });

  it('refuse nesting and sizes above the limits', () => {
    expect(refusesOnly(openMessage, new Uint8Array(65_537).fill(0x81))).toBeUndefined();
    expect(refusesOnly(decodeMessageBody, new Uint8Array(65_536).fill(0x81))).toBeUndefined();
  });
});
