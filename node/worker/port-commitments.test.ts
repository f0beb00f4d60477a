import { expect, it } from 'vitest';
import type { EdgeType } from '../../protocol/edge.ts';
import { toyVerifier } from '../../protocol/fixtures/toy-adapter.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import type { FetchedSegment } from './fetch-segment.ts';
import { portCommitments } from './port-commitments.ts';

const type: EdgeType = {
  shape: [1],
  signed: true,
  scale: 0,
  interval: 'unproven',
  scheme: { name: 'kzg', srs: '00'.repeat(32), k: 4, usableRows: 10 },
};
const fetched = {
  segment: { inputs: [{ edge: 0, block: 0 }], outputs: [{ edge: 1, block: 0 }] },
  circuit: { inputs: [type], outputs: [type] },
  files: new Map([['srs', import.meta.filename]]),
} as unknown as FetchedSegment;
const boundary = { inputs: [[1n]], outputs: [[2n]] };

it('stops what commits when it is cancelled, and commits to nothing after it', async () => {
  const stop = new AbortController();
  const toy = toyVerifier();
  let begun = 0;
  const verifier: ProofVerifier = {
    ...toy,
    kzg: {
      ...toy.kzg,
      commit: (_type, _values, _srs, signal) => {
        begun += 1;
        return new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason));
          stop.abort(new Error('enough'));
        });
      },
    },
  };
  await expect(portCommitments(fetched, boundary, [verifier], stop.signal).next()).rejects.toThrow('enough');
  await expect(portCommitments(fetched, boundary, [verifier], stop.signal).next()).rejects.toMatchObject({
    code: 'ABORTED',
  });
  expect(begun).toBe(1);
});
