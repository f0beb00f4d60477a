import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../encoding/cbor.ts';
import vectors from '../vectors/messages.json' with { type: 'json' };
import { exampleMessages, messageVectors } from '../vectors/messages.ts';
import {
  decodeMessageBody,
  encodeMessageBody,
  forgettableAt,
  freshness,
  type Message,
  type MessageOf,
  messageLimits,
  openMessage,
  peerIdOf,
  publicKeyOf,
  signMessage,
} from './index.ts';

const secretKey = hexToBytes(vectors.secretKey);
const invalid = expect.objectContaining({ code: 'ENCODING_INVALID' });
const example = <K extends Message['kind']>(kind: K): MessageOf<K> =>
  exampleMessages().find((message) => message.kind === kind) as MessageOf<K>;

describe('test vectors', () => {
  it('are what this program makes of its examples', () => {
    expect(messageVectors()).toEqual(vectors);
  });

  it.each(vectors.messages)('$kind is read back into what it was made of', ({ kind, id, bytes }) => {
    const opened = openMessage(hexToBytes(bytes));
    expect(opened).toEqual({ id, message: example(kind as Message['kind']), bytes: hexToBytes(bytes) });
    expect(bytesToHex(signMessage(opened.message, secretKey).bytes)).toBe(bytes);
  });
});

describe('a signature', () => {
  const { sender } = example('bid');
  const body = encodeMessageBody(example('bid'));
  const envelope = (signature: Uint8Array) => encodeCbor(['tessera/message', 1, body, signature]);

  it('counts for the message that it was made for only', () => {
    const { bytes } = signMessage(example('bid'), secretKey);
    for (let at = bytes.length - 64; at < bytes.length; at += 7) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openMessage(changed)).toThrow(invalid);
    }
  });

  it('is no signature of the bare body: its domain is signed too', () => {
    expect(() => openMessage(envelope(ed25519.sign(body, secretKey)))).toThrow(invalid);
  });

  it('is refused under a key of small order, which would accept it for every message', () => {
    const neutral = `01${'00'.repeat(31)}`;
    const forged = encodeMessageBody({ ...example('bid'), sender: neutral });
    const signature = Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0));
    expect(() => openMessage(encodeCbor(['tessera/message', 1, forged, signature]))).toThrow(invalid);
  });

  it('is not made for another sender', () => {
    expect(() => signMessage({ ...example('bid'), sender: `${sender.slice(2)}00` }, secretKey)).toThrow(
      invalid,
    );
  });

  it('is checked for the version that the envelope names', () => {
    const { bytes } = signMessage(example('bid'), secretKey);
    const other = Uint8Array.from(bytes);
    other[17] = 2;
    expect(() => openMessage(other)).toThrow(/version 2/);
  });
});

describe('what a message may say', () => {
  it.each<[string, () => Message]>([
    ['a life longer than an hour', () => ({ ...example('bid'), expires: example('bid').issued + 3_600_001 })],
    ['an end before its beginning', () => ({ ...example('bid'), expires: example('bid').issued })],
    ['more free places than there are', () => ({ ...example('bid'), slots: { total: 1, free: 2 } })],
    ['a job of another requester', () => ({ ...example('offer'), job: example('offer').nonce })],
    ['a price below zero', () => ({ ...example('bid'), price: -1n })],
    ['a price of 2^256', () => ({ ...example('bid'), price: 1n << 256n })],
    [
      'too many addresses',
      () => ({ ...example('bid'), addresses: Array<string>(17).fill('/ip4/192.0.2.1') }),
    ],
    ['a CID that is none', () => ({ ...example('submission'), proof: 'bafkrei' })],
    [
      'a CID in another base',
      () => ({ ...example('submission'), proof: 'zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA' }),
    ],
    ['an inline proof of another length', () => ({ ...example('submission'), size: 6 })],
    ['an inline proof of other bytes', () => ({ ...example('submission'), inline: new Uint8Array(5) })],
    ['a field that nobody knows', () => ({ ...example('refusal'), extra: 1 }) as Message],
    ['a reason that nobody knows', () => ({ ...example('refusal'), reason: 'mood' }) as unknown as Message],
    ['a segment past the largest graph', () => ({ ...example('progress'), segment: 65_536 })],
  ])('excludes %s', (_, message) => {
    expect(() => encodeMessageBody(message())).toThrow(invalid);
  });

  it('is bounded as a whole', () => {
    const needs = Array.from({ length: messageLimits.needs }, () => ({
      ...(example('offer').needs[0] as MessageOf<'offer'>['needs'][number]),
      adapter: 'a'.repeat(128),
      prover: 'p'.repeat(128),
    }));
    expect(() => signMessage({ ...example('offer'), needs }, secretKey)).toThrow(/above the limit of 65536/);
  });

  it('keeps amounts in one form', () => {
    for (const price of [0n, 1n, 255n, 256n, (1n << 256n) - 1n]) {
      const message = { ...example('bid'), price };
      expect(decodeMessageBody(encodeMessageBody(message))).toEqual(message);
    }
  });
});

describe('freshness', () => {
  const head = { sender: '', issued: 1_000_000_000, expires: 1_000_060_000 };

  it('allows for clocks that are ten minutes off, and no more', () => {
    expect(freshness(head, 1_000_000_000 - 600_000)).toBe('fresh');
    expect(freshness(head, 1_000_000_000 - 600_001)).toBe('from the future');
    expect(freshness(head, 1_000_060_000 + 599_999)).toBe('fresh');
    expect(freshness(head, 1_000_060_000 + 600_000)).toBe('expired');
  });

  it('ends where the id may be forgotten', () => {
    expect(freshness(head, forgettableAt(head))).toBe('expired');
  });
});

describe('a peer id', () => {
  it('is its Ed25519 key in another writing', () => {
    expect(peerIdOf(vectors.publicKey)).toBe(vectors.peerId);
    expect(publicKeyOf(vectors.peerId)).toBe(vectors.publicKey);
  });

  it.each(['', '12D3KooW', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '0OIl', 'z'.repeat(64)])(
    'is refused unless it is one of an Ed25519 key: %s',
    (text) => {
      expect(() => publicKeyOf(text)).toThrow(invalid);
    },
  );

  it('is read no further than a peer id is long', () => {
    expect(() => publicKeyOf('1'.repeat(10_000_000))).toThrow(invalid);
  });
});
