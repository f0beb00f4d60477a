import writeFileAtomic from 'write-file-atomic';
import type { Certificate } from '../../protocol/certificate.ts';
import { encodeCertificate } from '../../protocol/certificate-codec.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { manifestDigest } from '../../protocol/ids.ts';
import { writeOpening } from '../opening-file.ts';
import type { RunOptions } from '../progress.ts';
import {
  certifyJob,
  draftJobCertificate,
  type Job,
  type JobModules,
  type JobRequest,
  openingOf,
  prepareJob,
} from '../requester/job.ts';
import { proveSegments } from '../requester/prove-segments.ts';
import type { ProverLimits } from '../requester/prover-call.ts';
import type { JobRecord } from './job-record.ts';
import { localWork } from './local-work.ts';
import type { SegmentOnChain } from './market.ts';
import { type JobPrices, type PostInit, type PostReport, postJob } from './requester.ts';
import type { Worker } from './worker.ts';

type Request = Omit<JobRequest, 'limits'>;

export interface ProveOnChainInit extends Pick<PostInit, 'recordOf'> {
  request: Request;
  /** Where the certificate is written. */
  out: string;
  prices: JobPrices;
  modules: JobModules;
  limits: ProverLimits;
  /** The contracts that the certificate's circuits can be verified by. */
  contracts(
    certificate: Pick<Certificate, 'manifest' | 'artifacts'>,
  ): Promise<Pick<PostInit, 'market' | 'deployed'>>;
  /** Who works on the segments here, taking turns; others may be faster. */
  workers: readonly Worker[];
}

export interface ProveOnChainReport extends Pick<PostReport, 'id' | 'registration'> {
  certificate: string;
  opening?: string;
  segments: SegmentOnChain[];
  /** Whether the contracts hold the statement for proven. */
  verified: boolean;
}

/**
 * Proves a model's inference, writes its certificate, and posts the same job on a chain, where this machine's workers
 * take part.
 *
 * @throws TesseraError of the stage that failed
 */
export async function proveOnChain(
  init: ProveOnChainInit,
  options: RunOptions = {},
): Promise<ProveOnChainReport> {
  const { request, out, prices, modules, limits, recordOf, workers } = init;
  const prepared = await prepareJob({ ...request, target: 'chain', limits }, modules, options);
  const proofs = await proveSegments(prepared.segments, prepared, modules.provers, limits, options);
  const certificate = await certifyJob(prepared, proofs, modules, options);
  const opening = prepared.blindings.size === 0 ? undefined : `${out}.opening`;
  if (opening !== undefined) await writeOpening(opening, openingOf(prepared));
  await writeFileAtomic(out, Buffer.from(encodeCertificate(certificate)));

  const { market, deployed } = await init.contracts(certificate);
  const posting = {
    prepared,
    request: { ...request, target: 'chain' as const },
    prices,
    modules,
    market,
    deployed,
    recordOf,
  };
  const { id, job, registration } = await postJob(posting, options);
  const segments: SegmentOnChain[] = [];
  for (const index of job.offers.keys()) {
    const worker = workers[index % workers.length];
    const work = async () => localWork(prepared, index, modules, limits);
    const running = options.signal ? { signal: options.signal } : {};
    segments.push(
      worker === undefined ? await market.segment(id, index) : await worker.work(job, index, work, running),
    );
    options.onProgress?.({
      type: 'stage',
      stage: 'prove',
      done: index + 1,
      total: job.offers.length,
      detail: 'on the chain',
    });
  }
  return {
    certificate: out,
    ...(opening === undefined ? {} : { opening }),
    id,
    registration,
    segments,
    verified: await market.isVerified(job.terms),
  };
}

/**
 * Makes a recorded job ready to be worked on, from the cache where it was made on this machine.
 *
 * @param id of the job, for errors
 * @throws TesseraError `JOB_MISMATCH` when the files that the record names are not those that it was made of
 */
export async function reopenJob(
  id: Hex32,
  { job, request, blindings }: JobRecord,
  modules: JobModules,
  limits: ProverLimits,
  options: RunOptions = {},
): Promise<Job> {
  const prepared = { ...(await prepareJob({ ...request, limits }, modules, options)), blindings };
  const { manifest } = await draftJobCertificate(prepared, modules, options);
  if (manifestDigest(manifest) === manifestDigest(job.manifest)) return prepared;
  throw new TesseraError('JOB_MISMATCH', {
    message: `What ${request.model} and its input give now is not what job ${id} was posted with`,
    remedy: 'Put the files back as they were, and use the version of this program that posted the job.',
  });
}
