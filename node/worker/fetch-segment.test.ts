import { expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import type { ArtifactAccess, FetchOptions } from '../job/artifact-access.ts';
import { fetchSegment } from './fetch-segment.ts';

it('fetches nothing more once one part of a segment cannot be had', async () => {
  const stopped: string[] = [];
  const artifacts = {
    fetchBytes(cid: string, { signal }: FetchOptions) {
      if (cid === 'the recipe') return Promise.reject(new TesseraError('ARTIFACT_MISSING', { message: cid }));
      return new Promise<Uint8Array>((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push(cid);
          reject(signal.reason);
        });
      });
    },
  } as unknown as ArtifactAccess;
  const named = { manifest: 'the manifest', commitments: 'the commitments', segment: 'the recipe' };
  const assignment = { segment: 0, manifest: '', commitments: '', artifacts: named, inputs: [] };
  const { signal } = new AbortController();
  await expect(
    fetchSegment({ assignment, access: 'open' }, artifacts, 'nowhere', signal),
  ).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
  expect(stopped).toEqual(['the manifest', 'the commitments']);
});
