import type { Certificate } from '../../protocol/certificate.ts';
import { checkKeys } from '../../protocol/check/keys.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { manifestDigest } from '../../protocol/ids.ts';
import { writeCertificateFile } from '../files/certificate-file.ts';
import { writeOpening } from '../files/opening-file.ts';
import { requireOutput } from '../files/output-place.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import type { RunOptions } from '../progress.ts';
import type { ProveReport } from '../prove.ts';
import { compareOutputs, warningsOf } from '../requester/compare-outputs.ts';
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
import { certifyChainJob } from './certify-chain-job.ts';
import type { ChainDirectory } from './chain-directory.ts';
import type { ProofArtifacts } from './file-store.ts';
import type { ChainJob } from './job.ts';
import { collectProofs, type JobProofs } from './job-proofs.ts';
import type { PostedJobRecord } from './job-record.ts';
import { localWork } from './local-work.ts';
import type { Market, SegmentOnChain } from './market.ts';
import type { ClaimedWork, MarketWorker } from './market-worker.ts';
import type { JobPrices } from './posting.ts';
import { type PostInit, type PostReport, postJob, recallJob } from './requester.ts';
import { marketHold, publishMarketJob } from './roles/market-job.ts';
import { type ListenForMismatches, whileEdgesHold } from './while-edges-hold.ts';

type Request = Omit<JobRequest, 'limits'>;

export interface ProveOnChainInit {
  request: Request;
  /** Where the certificate is written. */
  out: string;
  prices: JobPrices;
  /** Where is kept how the job was made, and that it is not done with. */
  files: Pick<ChainDirectory, 'job' | 'posting' | 'mismatches'>;
  modules: JobModules;
  limits: ProverLimits;
  /** The contracts that the job's circuits can be verified by. */
  contracts(
    draft: Pick<Certificate, 'manifest' | 'artifacts'>,
  ): Promise<Pick<PostInit, 'market' | 'deployed'>>;
  /** Who proves: accounts of this machine, taking turns; peers, who fetch the job; or whoever else hears of it. */
  by:
    | {
        kind: 'accounts';
        workers: (market: Market) => Promise<readonly MarketWorker[]>;
        proofs: ProofArtifacts;
      }
    | { kind: 'peers'; artifacts: ArtifactAccess; proofs: ProofArtifacts; listen: ListenForMismatches }
    | { kind: 'others' };
  /** Is told what happens to the job. */
  onNote?: (note: string) => void;
  /** Is told, before the job is posted, what that is expected to cost. */
  onCosts?: PostInit['onCosts'];
}

export interface ProveOnChainReport
  extends Pick<PostReport, 'id' | 'registration' | 'costs'>,
    Pick<ProveReport, 'trust' | 'seconds' | 'outputs' | 'warnings'> {
  certificate: string;
  opening?: string;
  segments: SegmentOnChain[];
  /** Whether the contracts hold the statement for proven. */
  verified: boolean;
}

/**
 * Posts a model's inference as a job on a chain, and writes its certificate: of the very proofs that were submitted
 * there, or where nobody is known who will, of proofs of this machine. Called again after it was cut short, it goes on
 * with the job that it had posted, and pays for it once.
 *
 * @throws TesseraError of the stage that failed
 */
export async function proveOnChain(
  init: ProveOnChainInit,
  options: RunOptions = {},
): Promise<ProveOnChainReport> {
  const { request, out, prices, modules, limits, files, by, onNote } = init;
  const started = performance.now();
  await requireOutput(out, request);
  const target = { ...request, target: 'chain' as const };
  const fresh = await prepareJob({ ...target, limits }, modules, options);
  const draft = await draftJobCertificate(fresh, modules, options);
  const { market, deployed } = await init.contracts(draft);
  const record = { request: target, files };
  const prepared = await recallJob(
    { prepared: fresh, prices, modules, market, record },
    draft.manifest,
    options,
  );
  const opening = prepared.blindings.size === 0 ? undefined : `${out}.opening`;
  const write = async (certificate: Certificate) => {
    if (opening !== undefined) await writeOpening(opening, openingOf(prepared));
    await writeCertificateFile(out, certificate);
  };
  if (by.kind === 'others') {
    const proofs = await proveSegments(prepared.segments, prepared, modules.provers, limits, options);
    await write(await certifyJob(prepared, proofs, modules, options));
  }
  const posted = await postJob(
    {
      ...{ prepared, prices, modules, market, deployed, record },
      ...(init.onCosts === undefined ? {} : { onCosts: init.onCosts }),
      ...(by.kind === 'peers'
        ? {
            publish: (content, salt) =>
              publishMarketJob(
                { prepared, ...content, salt, provers: modules.provers, artifacts: by.artifacts },
                options.signal,
              ),
          }
        : {}),
    },
    options,
  );
  const { id, job, registration, costs } = posted;
  onNote?.(posted.resumed ? `job ${id} was posted before, and is gone on with` : `job ${id} is posted`);
  if (by.kind === 'accounts') {
    const workers = await by.workers(market);
    await workInTurns(job, workers, (index) => localWork(prepared, index, modules, limits), options);
  }
  if (by.kind !== 'others') {
    const collect = (signal = options.signal) =>
      collectJob(posted, market, by.proofs, init, { ...options, ...(signal ? { signal } : {}) });
    const collected = await (by.kind === 'accounts'
      ? collect()
      : whileEdgesHold(
          { id, job, prepared, market, modules, listen: by.listen, file: files.mismatches(id) },
          collect,
          options.signal,
        ));
    await write(await certifyChainJob(draft, job, collected, modules, options));
  }
  await posted.forget();
  const outputs = await compareOutputs(prepared, options.signal);
  const verified = await market.isVerified(job.terms);
  // Until then whoever checks its submissions has to fetch it.
  if (verified && by.kind === 'peers') await by.artifacts.release(marketHold(posted.salt));
  return {
    certificate: out,
    ...(opening === undefined ? {} : { opening }),
    ...{ id, registration, costs },
    segments: await Promise.all(job.offers.map((_, index) => market.segment(id, index))),
    verified,
    // What this machine's own setups say of themselves is so.
    trust: checkKeys({ ...draft, proofs: [], commitments: [] }, modules.verifiers).claimedTrust,
    seconds: (performance.now() - started) / 1000,
    outputs,
    warnings: warningsOf(outputs),
  };
}

/** Has segment after segment proven by one account after the other. */
async function workInTurns(
  job: ChainJob,
  workers: readonly MarketWorker[],
  workOf: (segment: number) => ClaimedWork,
  { signal }: RunOptions,
): Promise<void> {
  for (const index of job.offers.keys()) {
    await workers[index % workers.length]?.work(
      job,
      index,
      async () => workOf(index),
      signal ? { signal } : {},
    );
  }
}

async function collectJob(
  { job, since }: PostReport,
  market: Market,
  proofs: ProofArtifacts,
  { onNote }: ProveOnChainInit,
  { signal, onProgress }: RunOptions,
): Promise<JobProofs> {
  const total = job.offers.length;
  let done = 0;
  onProgress?.({ type: 'stage', stage: 'prove', done, total, detail: 'on the chain' });
  return collectProofs(
    { market, job, since, proofs },
    {
      ...(signal ? { signal } : {}),
      onProof: (segment, prover) => {
        done += 1;
        onProgress?.({ type: 'stage', stage: 'prove', done, total, detail: 'on the chain' });
        onNote?.(`segment ${segment}: proven by ${prover}`);
      },
      onChallenge: (segment, reason) => onNote?.(`segment ${segment}: challenged, since ${reason}`),
    },
  );
}

/**
 * Makes a recorded job ready to be worked on, from the cache where it was made on this machine.
 *
 * @param id of the job, for errors
 * @throws TesseraError `JOB_MISMATCH` when the files that the record names are not those that it was made of
 */
export async function reopenJob(
  id: Hex32,
  { job, request, blindings }: PostedJobRecord,
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
