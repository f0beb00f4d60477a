import type { Certificate } from '../protocol/certificate.ts';
import { checkKeys } from '../protocol/check/keys.ts';
import type { Hex32 } from '../protocol/edge.ts';
import { modelId } from '../protocol/ids.ts';
import type { Trust } from '../protocol/srs.ts';
import { writeCertificateFile } from './files/certificate-file.ts';
import { writeOpening } from './files/opening-file.ts';
import { requireOutput } from './files/output-place.ts';
import type { SegmentCost } from './plan/cost-model/segment-cost.ts';
import type { EstimatedPlan } from './plan/plan.ts';
import type { AppliedRewrite } from './plan/rewrites/index.ts';
import type { RunOptions } from './progress.ts';
import type { Blindings } from './requester/blindings.ts';
import { compareOutputs, type OutputComparison, warningsOf } from './requester/compare-outputs.ts';
import {
  certifyJob,
  type Job,
  type JobModules,
  type JobRequest,
  openingOf,
  prepareJob,
} from './requester/job.ts';
import { proveSegments } from './requester/prove-segments.ts';
import { concurrentPeak, type ProverLimits, type ProverUse } from './requester/prover-call.ts';

export interface ProveOptions extends JobRequest, RunOptions {
  /** Where the certificate is written. */
  out: string;
}

export interface ProveModules extends JobModules {
  /** Who proves a prepared job; this machine unless given. */
  proveElsewhere?: (
    job: Job,
    modules: JobModules,
    options: RunOptions,
  ) => Promise<{
    certificate: Certificate;
    blindings: Blindings;
    /** Is called when the certificate is written: the proofs are no longer needed to make it again. */
    forget?: () => Promise<void>;
  }>;
}

/** What one segment took, and what the plan expected. */
export interface SegmentReport {
  id: string;
  prover: string;
  /** Rows (ezkl) or rank-one constraints (groth16). */
  constraints: number;
  /** Proving; 0 for a proof that was in the cache, as is what the process took at its peak. */
  seconds: number;
  peakBytes: number;
  /** Making the keys; 0 for keys that were in the cache. */
  setupSeconds: number;
  setupPeakBytes: number;
  expected: SegmentCost;
}

export interface ProveReport {
  /** Path of the certificate. */
  certificate: string;
  /** Path of what opens its blinded edges, where it has any; to be kept secret. */
  opening?: string;
  /** modelId. */
  model: Hex32;
  trust: Trust;
  /** How the model was cut, so that it can be cut so again. */
  strategy: string;
  /** What was rewritten beforehand because it keeps the result and costs less. */
  rewrites: readonly AppliedRewrite[];
  segments: readonly SegmentReport[];
  /** The whole job, from reading the model to writing the certificate. */
  seconds: number;
  /** The most that prover processes took at one time. */
  peakBytes: number;
  outputs: readonly OutputComparison[];
  /** What is wrong with the outputs, in words: the proof is sound, and of something else than the model computes. */
  warnings: readonly string[];
}

/**
 * Proves a model's inference on one input, on this machine: import, slice, plan, compile, execute, prove, certify.
 * What was done before is taken from the cache, so an interrupted job goes on where it stopped.
 *
 * @throws TesseraError of the stage that failed; nothing is written then
 */
export async function prove(options: ProveOptions, modules: ProveModules): Promise<ProveReport> {
  const { signal, onProgress, limits, out } = options;
  const started = performance.now();
  await requireOutput(out, options);
  const uses: ProverUse[] = [];
  const running = {
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
    onUse: uses.push.bind(uses),
  };
  const prepared = await prepareJob(options, modules, running);
  const proveAll = modules.proveElsewhere ?? proveHere(limits);
  const { certificate, blindings, forget } = await proveAll(prepared, modules, running);
  const job = { ...prepared, blindings };
  const opening = job.blindings.size === 0 ? undefined : `${out}.opening`;
  if (opening !== undefined) await writeOpening(opening, openingOf(job));
  await writeCertificateFile(out, certificate);
  await forget?.();
  onProgress?.({ type: 'stage', stage: 'certify', done: 1, total: 1 });
  const outputs = await compareOutputs(job, signal);

  return {
    certificate: out,
    model: modelId(certificate.manifest),
    ...(opening === undefined ? {} : { opening }),
    // What this machine's own setups say of themselves is so.
    trust: checkKeys(certificate, modules.verifiers).claimedTrust,
    strategy: certificate.manifest.recipe.strategy,
    rewrites: job.cut.rewrites,
    segments: job.plans.map((plan, index) =>
      segmentReport(plan, job.segments[index]?.compiled.constraints ?? 0, uses),
    ),
    seconds: (performance.now() - started) / 1000,
    peakBytes: concurrentPeak(uses),
    outputs,
    warnings: warningsOf(outputs),
  };
}

function proveHere(limits: ProverLimits): NonNullable<ProveModules['proveElsewhere']> {
  return async (job, modules, options) => {
    const proofs = await proveSegments(job.segments, job, modules.provers, limits, options);
    options.onProgress?.({ type: 'stage', stage: 'certify', done: 0, total: 1 });
    return { certificate: await certifyJob(job, proofs, modules, options), blindings: job.blindings };
  };
}

function segmentReport(
  { id, prover, expected }: EstimatedPlan,
  constraints: number,
  uses: readonly ProverUse[],
): SegmentReport {
  const made = uses.filter(({ segment, cached }) => segment === id && !cached);
  const proving = made.filter(({ stage }) => stage === 'prove');
  const setup = made.filter(({ step }) => step === 'setup');
  const secondsOf = (list: readonly ProverUse[]) => list.reduce((sum, { seconds }) => sum + seconds, 0);
  const peakOf = (list: readonly ProverUse[]) => Math.max(0, ...list.map(({ peakBytes }) => peakBytes));
  return {
    id,
    prover,
    constraints,
    seconds: secondsOf(proving),
    peakBytes: peakOf(proving),
    setupSeconds: secondsOf(setup),
    setupPeakBytes: peakOf(setup),
    expected,
  };
}
