import { randomBytes } from 'node:crypto';
import type { Hex32 } from '../../../protocol/edge.ts';
import { manifestDigest, sha256Hex } from '../../../protocol/ids.ts';
import { type Commitments, encodeTensor } from '../../../protocol/job/index.ts';
import { jobId } from '../../../protocol/messages/index.ts';
import type { RunOptions } from '../../progress.ts';
import type { CertificateDraft } from '../certify.ts';
import { commitEdges } from '../commit-edges.ts';
import { draftJobCertificate, type Job, type JobModules } from '../job.ts';
import { srsFiles } from '../srs-files.ts';
import type { JobAudience } from './job-audience.ts';
import { type JobRecords, newJobRecord, type OpenJobRecord } from './job-record.ts';
import { type PublishedJob, publishSegments } from './publish-segments.ts';
import { needsOf, type SegmentNeed } from './segment-need.ts';

/** A job of which nothing changes any more: its id, what all proofs are held against, and what workers fetch. */
export interface FixedJob {
  id: Hex32;
  nonce: Hex32;
  /** The manifest's digest. */
  manifest: Hex32;
  /** With the blinding values that its commitments hide. */
  job: Job;
  /** Its certificate, but for the commitments and proofs. */
  draft: CertificateDraft;
  commitments: Commitments;
  /** Whole SRS files, by id. */
  srsFiles: ReadonlyMap<Hex32, Uint8Array>;
  needs: readonly SegmentNeed[];
  published: PublishedJob;
  record: OpenJobRecord;
}

/** What a job's artifacts are kept for in the store. */
export const jobHold = (id: Hex32): string => `job/${id}`;

export interface FixJobInit {
  job: Job;
  audience: Pick<JobAudience, 'invited' | 'artifacts'>;
  /** The requester's key. */
  sender: Hex32;
  records: JobRecords;
}

/**
 * Fixes a job and publishes it; one that an earlier run began is the same again, with what was kept of it. Its record is
 * to be closed, and what is published to be released.
 *
 * @throws TesseraError `USAGE` while the same job is being proven, and of the step that failed
 */
export async function fixJob(
  { job, audience: { invited, artifacts }, sender, records }: FixJobInit,
  { provers, verifiers }: Pick<JobModules, 'provers' | 'verifiers'>,
  options: RunOptions,
): Promise<FixedJob> {
  const { signal } = options;
  const draft = await draftJobCertificate(job, { provers }, options);
  const manifest = manifestDigest(draft.manifest);
  const key = sha256Hex(new TextEncoder().encode(`${manifest} ${inputDigest(job)}`));
  const needs = needsOf(job);
  const record = await records.open(key, needs.length, () => {
    const nonce = randomBytes(32).toString('hex');
    return newJobRecord(jobId(sender, manifest, nonce), nonce, job.blindings);
  });
  try {
    const { nonce, blindings } = record;
    const id = jobId(sender, manifest, nonce);
    const bound: Job = { ...job, blindings };
    const files = await srsFiles(bound.plans, provers, {
      memoryLimit: job.limits.memory,
      ...(signal === undefined ? {} : { signal }),
    });
    const commitments = await commitEdges(bound, verifiers, files, { signal });
    const published = await publishSegments(
      {
        job: bound,
        manifest: draft.manifest,
        commitments,
        provers,
        artifacts,
        keepFor: jobHold(id),
        announce: 'shared',
        ...(invited === undefined ? {} : { invited: { job: id, peers: invited } }),
      },
      signal,
    );
    return {
      ...{ id, nonce, manifest, job: bound, draft, commitments, needs, published, record },
      srsFiles: files,
    };
  } catch (error) {
    record.close();
    throw error;
  }
}

/** Of all values of a job, so that each input has a record of its own. */
function inputDigest({ compiled, values }: Job): Hex32 {
  const { graph } = compiled;
  const digests = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, tensor]) => `${name} ${sha256Hex(encodeTensor(tensor))}`);
  return sha256Hex(new TextEncoder().encode(`${graph.inputs.join(',')}\n${digests.join('\n')}`));
}
