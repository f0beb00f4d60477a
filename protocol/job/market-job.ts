import type { Hex32 } from '../edge.ts';
import { amount, dictionary, hex32, integer, list, record } from '../encoding/codec.ts';
import type { SegmentOffer } from '../job-ids.ts';
import { limits } from '../limits.ts';
import type { Cid, TensorArtifact } from '../messages/index.ts';
import { messageLimits } from '../messages/limits.ts';
import { cid, tensor } from '../messages/message-codec.ts';
import { type ArtifactFormat, format } from './artifacts.ts';

/**
 * Where all that a job on a chain consists of can be fetched. The job's nonce is the sha2-256 of this artifact, so
 * whoever reads the job's terms can fetch it, and nobody can give out another one for the same job.
 */
export interface MarketJobHead {
  /** Random: two jobs of the same content are two jobs. */
  salt: Hex32;
  manifest: Cid;
  commitments: Cid;
  segments: Cid;
}

/** One segment of such a job: what is paid for it, and what proves it. */
export interface MarketSegment extends SegmentOffer {
  /** By role, as an assignment names them. */
  artifacts: Readonly<Record<string, Cid>>;
  inputs: readonly TensorArtifact[];
}

export const marketJobFormat: ArtifactFormat<MarketJobHead> = format(
  'tessera/market-job',
  record<MarketJobHead>({ required: { salt: hex32, manifest: cid, commitments: cid, segments: cid } }),
  1_024,
);

export const marketSegmentsFormat: ArtifactFormat<readonly MarketSegment[]> = format(
  'tessera/market-segments',
  list(
    record<MarketSegment>({
      required: {
        reward: amount,
        bond: amount,
        duration: integer(0, 2 ** 32 - 1),
        artifacts: dictionary(cid, limits.wordBytes, messageLimits.artifacts),
        inputs: list(tensor, messageLimits.tensors),
      },
    }),
    limits.segments,
  ),
  2 ** 27,
);
