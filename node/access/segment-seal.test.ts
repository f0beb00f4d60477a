import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { SegmentSeal, sealOpener } from './segment-seal.ts';

function identity() {
  const { secretKey, publicKey } = ed25519.keygen();
  return { secretKey, publicKey: bytesToHex(publicKey) };
}

const job = 'ab'.repeat(32);
const refused = expect.objectContaining({ code: 'ACCESS_REFUSED' });
const tensor = new TextEncoder().encode('a tensor');

describe('a sealed segment', () => {
  const [first, second, uninvited] = [identity(), identity(), identity()];
  const context = { job, segment: 1 };
  const seal = new SegmentSeal(context);
  const keys = seal.wrapFor([first.publicKey, second.publicKey]);
  const sealed = seal.seal('tensor/0/0', tensor);

  it('opens for every peer that is invited', () => {
    for (const peer of [first, second]) {
      expect(sealOpener(keys, peer, context)('tensor/0/0', sealed)).toEqual(tensor);
    }
  });

  it('does not open for one that is not, though it takes another’s place', () => {
    expect(() => sealOpener(keys, uninvited, context)).toThrow(refused);
    const pretending = { ...uninvited, publicKey: first.publicKey };
    expect(() => sealOpener(keys, pretending, context)).toThrow(refused);
  });

  it('holds no tensor of another segment, and no key of another job', () => {
    const other = new SegmentSeal({ job, segment: 2 });
    const open = sealOpener(keys, first, context);
    expect(() => open('tensor/0/0', other.seal('tensor/0/0', tensor))).toThrow(refused);
    expect(() => open('tensor/0/1', sealed)).toThrow(refused);
    const replayed = other.wrapFor([first.publicKey]);
    expect(() => sealOpener(replayed, first, context)).toThrow(refused);
    expect(() => sealOpener(keys, first, { job: 'cd'.repeat(32), segment: 1 })).toThrow(refused);
  });

  it('never looks the same twice', () => {
    expect(seal.seal('tensor/0/0', tensor)).not.toEqual(sealed);
    expect(new SegmentSeal(context).wrapFor([first.publicKey])).not.toEqual(keys);
  });
});
