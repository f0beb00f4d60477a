import type { Hex32 } from '../../../protocol/edge.ts';
import { artifactCid, sha256Hex } from '../../../protocol/ids.ts';
import {
  type Commitments,
  commitmentsFormat,
  type MarketSegment,
  marketJobFormat,
  marketSegmentsFormat,
} from '../../../protocol/job/index.ts';
import type { JobTerms, MarketPlace, SegmentOffer } from '../../../protocol/job-ids.ts';
import { limits } from '../../../protocol/limits.ts';
import type { Manifest } from '../../../protocol/manifest.ts';
import { decodeManifest } from '../../../protocol/manifest-codec.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import { roles } from '../../job/segment-files.ts';
import type { Provers } from '../../provers/provers.ts';
import type { Job } from '../../requester/job.ts';
import { tensorsArePublic } from '../../requester/network/public-tensors.ts';
import { publishSegments } from '../../requester/network/publish-segments.ts';
import type { AvailableSegment } from '../../worker/segment-work.ts';
import { type ChainJob, checkJob } from '../job.ts';

/** A job on a chain with all that names its artifacts: from here on nobody needs its requester's word. */
export interface MarketJob {
  job: ChainJob;
  /** One a segment. */
  segments: readonly AvailableSegment[];
  /** What its artifacts are kept for where they were put. */
  salt: Hex32;
}

/** What a market job's artifacts are kept for in the store of who posted it. */
export const marketHold = (salt: Hex32): string => `market/${salt}`;

export interface PublishMarketJobInit {
  prepared: Job;
  manifest: Manifest;
  commitments: Commitments;
  offers: readonly SegmentOffer[];
  /** Tells the job from every other one of the same content. */
  salt: Hex32;
  provers: Provers;
  artifacts: ArtifactAccess;
}

/**
 * Puts all that a job on a chain consists of where peers can fetch it. It is public from then on. A second call puts the
 * same there again.
 *
 * @returns the nonce that the job must be posted with
 * @throws TesseraError `USAGE` for a job that is to hide its tensors
 */
export async function publishMarketJob(init: PublishMarketJobInit, signal?: AbortSignal): Promise<bigint> {
  const { prepared, offers, salt, artifacts, ...rest } = init;
  const { committed } = prepared;
  if (committed.input || committed.output) throw tensorsArePublic({ onChain: true });
  const published = await publishSegments(
    { job: prepared, artifacts, keepFor: marketHold(salt), announce: 'all', ...rest },
    signal,
  );
  const segments = published.segments.map(
    (segment, index): MarketSegment => ({ ...(offers[index] as SegmentOffer), ...segment }),
  );
  const keep = { keepFor: marketHold(salt), announce: true };
  const list = await artifacts.put(marketSegmentsFormat.encode(segments), keep);
  // Every segment names these two alike.
  const { [roles.manifest]: manifest = '', [roles.commitments]: commitments = '' } =
    published.segments[0]?.artifacts ?? {};
  const head = await artifacts.put(
    marketJobFormat.encode({ salt, manifest, commitments, segments: list.cid.toString() }),
    keep,
  );
  return BigInt(`0x${head.sha256}`);
}

/**
 * Fetches what a job's terms lead to, and holds it against them.
 *
 * @throws TesseraError `ARTIFACT_MISSING`, `DOWNLOAD_FAILED`, `ENCODING_INVALID`, `JOB_MISMATCH`
 */
export async function fetchMarketJob(
  terms: JobTerms,
  place: MarketPlace,
  artifacts: Pick<ArtifactAccess, 'fetchBytes'>,
  signal: AbortSignal,
): Promise<MarketJob> {
  const fetch = (cid: string, maxBytes: number) =>
    artifacts.fetchBytes(cid, { maxBytes, announce: true, signal });
  const root = artifactCid(terms.nonce.toString(16).padStart(64, '0'));
  const head = marketJobFormat.decode(await fetch(root, marketJobFormat.maxBytes));
  const [manifestBytes, commitmentBytes, segmentBytes] = await Promise.all([
    fetch(head.manifest, limits.manifestBytes),
    fetch(head.commitments, commitmentsFormat.maxBytes),
    fetch(head.segments, marketSegmentsFormat.maxBytes),
  ]);
  const segments = marketSegmentsFormat.decode(segmentBytes);
  const job: ChainJob = {
    terms,
    offers: segments.map(({ reward, bond, duration }) => ({ reward, bond, duration })),
    manifest: decodeManifest(manifestBytes),
    commitments: commitmentsFormat.decode(commitmentBytes),
  };
  await checkJob(job, place, signal);
  const digests = { manifest: sha256Hex(manifestBytes), commitments: sha256Hex(commitmentBytes) };
  return {
    job,
    segments: segments.map(({ artifacts: named, inputs }, segment) => ({
      assignment: { segment, ...digests, artifacts: named, inputs },
      access: 'open',
    })),
    salt: head.salt,
  };
}
