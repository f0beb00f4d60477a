import type { Hex32 } from '../../../protocol/edge.ts';
import { artifactCid } from '../../../protocol/ids.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import type { ProofArtifacts } from '../file-store.ts';
import { maxProofArtifactBytes } from '../proof-artifact.ts';
import { isUnavailable } from './unavailable.ts';

/** What a proof artifact is kept for in the store. */
export const proofHold = (digest: Hex32): string => `proof/${digest}`;

/**
 * Proof artifacts that peers can fetch by their digest, and those of peers.
 *
 * @param own what is kept of this node's, whatever becomes of the store of artifacts
 */
export function servedProofs(
  own: ProofArtifacts,
  artifacts: Pick<ArtifactAccess, 'put' | 'fetchBytes'>,
  signal: AbortSignal,
): ProofArtifacts {
  return {
    async put(bytes) {
      const digest = await own.put(bytes);
      await artifacts.put(bytes, { keepFor: proofHold(digest), announce: true });
      return digest;
    },
    async get(digest: Hex32) {
      const kept = await own.get(digest);
      if (kept !== undefined) return kept;
      try {
        return await artifacts.fetchBytes(artifactCid(digest), {
          sha256: digest,
          maxBytes: maxProofArtifactBytes,
          announce: false,
          signal,
        });
      } catch (error) {
        if (isUnavailable(error)) return undefined;
        throw error;
      }
    },
  };
}
