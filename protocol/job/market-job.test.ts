import { describe, expect, it } from 'vitest';
import { artifactCid, sha256Hex } from '../ids.ts';
import { type MarketSegment, marketJobFormat, marketSegmentsFormat } from './index.ts';

const cid = (text: string) => artifactCid(sha256Hex(new TextEncoder().encode(text)));

const head = {
  salt: '5a'.repeat(32),
  manifest: cid('manifest'),
  commitments: cid('commitments'),
  segments: cid('segments'),
};

const segment: MarketSegment = {
  ...{ reward: 10n ** 16n, bond: 0n, duration: 3_600 },
  artifacts: { model: cid('model'), 'key/srs': cid('srs') },
  inputs: [{ edge: 0, block: 2, cid: cid('tensor') }],
};

const invalid = expect.objectContaining({ code: 'ENCODING_INVALID' });

describe('where a job on a chain can be fetched', () => {
  it('is read back as it was written, and fits one block', () => {
    const bytes = marketJobFormat.encode(head);
    expect(marketJobFormat.decode(bytes)).toEqual(head);
    expect(bytes.length).toBeLessThan(2 ** 20);
    expect(marketSegmentsFormat.decode(marketSegmentsFormat.encode([segment]))).toEqual([segment]);
  });

  it('differs for two jobs of the same content', () => {
    const other = marketJobFormat.encode({ ...head, salt: 'a5'.repeat(32) });
    expect(sha256Hex(other)).not.toBe(sha256Hex(marketJobFormat.encode(head)));
  });

  it.each([
    ['another artifact', () => marketJobFormat.decode(marketSegmentsFormat.encode([segment]))],
    ['bytes after its end', () => marketJobFormat.decode(Uint8Array.of(...marketJobFormat.encode(head), 0))],
    [
      'more bytes than it may have',
      () => marketJobFormat.decode(new Uint8Array(marketJobFormat.maxBytes + 1)),
    ],
    [
      'a duration beyond the contract’s',
      () => marketSegmentsFormat.encode([{ ...segment, duration: 2 ** 32 }]),
    ],
    ['a negative reward', () => marketSegmentsFormat.encode([{ ...segment, reward: -1n }])],
    ['a name that is no CID', () => marketJobFormat.encode({ ...head, manifest: 'manifest' })],
  ])('excludes %s', (_, act) => {
    expect(act).toThrow(invalid);
  });
});
