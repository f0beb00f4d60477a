import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../vectors/access.json' with { type: 'json' };
import { accessVectors } from '../vectors/access.ts';
import { findWrappedKey, openSealed, seal, unwrapKey, wrapKey } from './index.ts';

const { job, segment } = vectors;
const recipient = vectors.recipient.publicKey;
const secretKey = hexToBytes(vectors.recipient.secretKey);
const key = hexToBytes(vectors.key);
const wrapped = hexToBytes(vectors.wrapped);
const refused = expect.objectContaining({ code: 'ACCESS_REFUSED' });
const otherJob = job.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));

describe('test vectors', () => {
  it('are what this program makes of its example, and open', () => {
    expect(accessVectors()).toEqual(vectors);
    expect(bytesToHex(unwrapKey(wrapped, secretKey, { job, segment, recipient }))).toBe(vectors.key);
    for (const { role, content, bytes } of vectors.sealed) {
      expect(bytesToHex(openSealed(hexToBytes(bytes), key, { job, segment, role }))).toBe(content);
    }
  });
});

describe('a wrapped key', () => {
  it('opens for its own peer, segment and job only', () => {
    const stranger = ed25519.keygen();
    const strangerKey = bytesToHex(stranger.publicKey);
    const replays = [
      // Another peer that was given the bytes, under its own name and under the recipient's.
      () => unwrapKey(wrapped, stranger.secretKey, { job, segment, recipient: strangerKey }),
      () => unwrapKey(wrapped, stranger.secretKey, { job, segment, recipient }),
      () => unwrapKey(wrapped, secretKey, { job, segment: segment + 1, recipient }),
      () => unwrapKey(wrapped, secretKey, { job: otherJob, segment, recipient }),
    ];
    for (const replay of replays) expect(replay).toThrow(refused);
  });

  it('does not open once a bit was altered, or with a share that everybody knows the secret of', () => {
    fc.assert(
      fc.property(fc.nat(8 * wrapped.length - 1), (bit) => {
        // X25519 ignores the highest bit of a share (RFC 7748 §5), but the salt does not.
        const altered = wrapped.with(bit >> 3, (wrapped[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        expect(() => unwrapKey(altered, secretKey, { job, segment, recipient })).toThrow(refused);
      }),
    );
    const smallOrder = Uint8Array.from([...new Uint8Array(32), ...wrapped.subarray(32)]);
    for (const bytes of [smallOrder, wrapped.subarray(1), new Uint8Array()]) {
      expect(() => unwrapKey(bytes, secretKey, { job, segment, recipient })).toThrow(refused);
    }
  });

  it('is found by the peer that it is for, in a list of that form only', () => {
    const list = hexToBytes(vectors.wrappedKeys);
    expect(findWrappedKey(list, recipient)).toEqual(wrapped);
    expect(() => findWrappedKey(list, otherJob)).toThrow(refused);
    const invalid = expect.objectContaining({ code: 'ENCODING_INVALID' });
    expect(() => findWrappedKey(list.subarray(1), recipient)).toThrow(invalid);
    expect(() => findWrappedKey(new Uint8Array(257 * 112), recipient)).toThrow(invalid);
  });

  it('is made for keys of the curve only', () => {
    const none = { job, segment, recipient: 'ff'.repeat(32) };
    expect(() => wrapKey(key, new Uint8Array(32).fill(7), none)).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });
});

describe('a sealed artifact', () => {
  const context = { job, segment, role: 'tensor/1/0' };
  const content = new TextEncoder().encode('a tensor');
  const sealed = seal(content, key, new Uint8Array(24).fill(9), context);

  it('opens in its own place only', () => {
    expect(openSealed(sealed, key, context)).toEqual(content);
    const places = [
      { ...context, role: 'tensor/0/1' },
      { ...context, role: 'blindings' },
      { ...context, segment: 3 },
      { ...context, job: otherJob },
    ];
    for (const place of places) expect(() => openSealed(sealed, key, place)).toThrow(refused);
    expect(() => openSealed(sealed, key.with(0, 0), context)).toThrow(refused);
  });

  it('does not open once a bit was altered or a byte left out', () => {
    fc.assert(
      fc.property(fc.nat(8 * sealed.length - 1), (bit) => {
        const altered = sealed.with(bit >> 3, (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        expect(() => openSealed(altered, key, context)).toThrow(refused);
      }),
    );
    for (const length of [0, 23, 39, sealed.length - 1]) {
      expect(() => openSealed(sealed.subarray(0, length), key, context)).toThrow(refused);
    }
  });
});
