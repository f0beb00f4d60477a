import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../vectors/registration.json' with { type: 'json' };
import { registrationVectors } from '../vectors/registration.ts';
import { decodeCapabilities, encodeCapabilities, isBound, type NodeCapabilities } from './index.ts';

const refused = expect.objectContaining({ code: 'ENCODING_INVALID' });
const { binding } = vectors;
const place = { ...binding.place, chainId: BigInt(binding.place.chainId) };
const signature = hexToBytes(binding.signature);

describe('test vectors', () => {
  it('are what this program makes of its examples, and are read back', () => {
    expect(registrationVectors()).toEqual(vectors);
    for (const { bytes, price, speeds, ...rest } of vectors.capabilities) {
      const read = decodeCapabilities(hexToBytes(bytes));
      expect(read).toEqual({ ...rest, price: BigInt(price), speeds: new Map(Object.entries(speeds)) });
    }
    expect(decodeCapabilities(hexToBytes(vectors.none))).toBeUndefined();
  });
});

describe('a peer’s tie to an account', () => {
  it('holds for this account, registry and chain only, and by its own key', () => {
    expect(isBound(place, binding.peerKey, signature)).toBe(true);
    const others = [
      { ...place, account: '3'.repeat(40) },
      { ...place, registry: '3'.repeat(40) },
      { ...place, chainId: 1n },
    ];
    for (const other of others) expect(isBound(other, binding.peerKey, signature)).toBe(false);
    expect(isBound(place, '7'.repeat(64), signature)).toBe(false);
  });

  it('is not made by keys or signatures that are none', () => {
    // The identity and a point of order 8, under which a signature of zeros would hold by laxer rules.
    const small = [`01${'0'.repeat(62)}`, 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'];
    const nothing = new Uint8Array(64);
    for (const key of [...small, '0'.repeat(64), 'f'.repeat(64)]) {
      expect(isBound(place, key, nothing)).toBe(false);
      expect(isBound(place, key, new Uint8Array([1, ...nothing.subarray(1)]))).toBe(false);
    }
    expect(isBound(place, binding.peerKey, signature.subarray(0, 63))).toBe(false);
  });
});

const number = (bits: number, min = 1) => fc.integer({ min, max: 2 ** bits - 1 });
const nodes: fc.Arbitrary<NodeCapabilities> = fc.record({
  cores: number(16),
  memory: number(32),
  places: number(16),
  gpus: number(8, 0),
  price: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  speeds: fc
    .record({ ezkl: number(24), groth16: number(24) }, { requiredKeys: [] })
    .filter((speeds) => Object.keys(speeds).length > 0)
    .map((speeds) => new Map(Object.entries(speeds) as [string, number][])),
});

describe('capabilities', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        expect(decodeCapabilities(encodeCapabilities(node))).toEqual(node);
      }),
    );
  });

  it('have one encoding: what is read from any word is written as that word', () => {
    const base = [...vectors.capabilities.map(({ bytes }) => hexToBytes(bytes))];
    const words = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc
        .tuple(fc.constantFrom(...base), fc.nat({ max: 31 }), fc.nat({ max: 255 }))
        .map(([bytes, at, value]) => bytes.with(at, value)),
    );
    fc.assert(
      fc.property(words, (word) => {
        let read: NodeCapabilities | undefined;
        try {
          read = decodeCapabilities(word);
        } catch (error) {
          expect(error).toEqual(refused);
          return;
        }
        expect(bytesToHex(encodeCapabilities(read))).toBe(bytesToHex(word));
      }),
      { numRuns: 2_000 },
    );
  });

  const usual = vectors.capabilities[1]?.bytes ?? '';
  const changed = (at: number, value: number) => hexToBytes(usual).with(at, value);
  it.each<[string, Uint8Array]>([
    ['another version', changed(0, 2)],
    ['no cores', changed(2, 0)],
    ['a prover that has no name', changed(18, 9)],
    ['provers out of order', changed(18, 2)],
    ['a gap before a prover', changed(18, 0)],
    ['something after the end', changed(31, 1)],
    ['31 bytes', hexToBytes(usual).subarray(1)],
    ['33 bytes', hexToBytes(`${usual}00`)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => decodeCapabilities(bytes)).toThrow(refused);
  });

  it('are not written where they do not fit', () => {
    const node = decodeCapabilities(hexToBytes(usual)) as NodeCapabilities;
    const wrong: Partial<NodeCapabilities>[] = [
      { cores: 2 ** 16 },
      { cores: 0 },
      { memory: 1.5 },
      { gpus: -1 },
      { price: 2n ** 64n },
      { speeds: new Map([['ezkl', 2 ** 24]]) },
      { speeds: new Map([['honk', 1]]) },
      { speeds: new Map() },
    ];
    for (const part of wrong) expect(() => encodeCapabilities({ ...node, ...part })).toThrow(refused);
  });
});
