import { TesseraError } from '../../protocol/errors.ts';
import type { ArtifactCache } from '../artifacts/cache.ts';
import type { RunOptions } from '../progress.ts';
import { Call } from '../provers/call.ts';
import { describeSegment } from '../provers/groth16/prover.ts';
import { type OpenSegmentCircuit, openSegmentCircuit } from '../provers/groth16/segment-circuit.ts';
import { compileSegments, type MakeCircuit } from '../requester/compile.ts';
import { type JobModules, type JobRequest, planRequest } from '../requester/job.ts';

export interface SegmentConstraintsModules extends Pick<JobModules, 'provers' | 'choices' | 'calibrations'> {
  cache: ArtifactCache;
}

/** The constraint system of one segment, as `prove` with the same request would need keys for. */
export interface SegmentConstraints {
  /** The segment's id. */
  segment: string;
  /** Path in the cache; good until {@link SegmentConstraints.release}. */
  path: string;
  release(): Promise<void>;
}

/** Compiling takes no worker: only keys do. */
const withoutWorker = {
  request: async (operation: string): Promise<never> => {
    throw new TesseraError('INTERNAL', { message: `no prover runs, and ${operation} needs one` });
  },
};

/**
 * Plans a model as `prove` does and compiles it without making keys of Groth16 circuits.
 *
 * @param segment its id, or its place in the order of proving, from 0
 * @throws TesseraError `USAGE` where no segment is so called or it is another prover's, and of the stage that failed
 */
export async function openSegmentConstraints(
  request: JobRequest,
  segment: string,
  modules: SegmentConstraintsModules,
  options: RunOptions = {},
): Promise<SegmentConstraints> {
  const { plans, keepRanges } = await planRequest(request, modules, options);
  const plan = plans.find(({ id }) => id === segment) ?? plans[/^\d+$/.test(segment) ? Number(segment) : -1];
  if (plan?.prover !== 'groth16') {
    const own = plans.flatMap(({ id, prover }, index) => (prover === 'groth16' ? [`${index} (${id})`] : []));
    throw new TesseraError('USAGE', {
      message:
        plan === undefined
          ? `The model has no segment ${segment}`
          : `Segment ${plan.id} is to be proven by ${plan.prover}, which needs no ceremony`,
      remedy: own.length === 0 ? 'Choose --prover groth16.' : `Choose one of these: ${own.join(', ')}.`,
      details: { segments: plans.map(({ id, prover }) => ({ id, prover })) },
    });
  }
  const opened = new Map<string, OpenSegmentCircuit>();
  const release = async () => {
    await Promise.all([...opened.values()].map(({ entry }) => entry.release()));
  };
  const make: MakeCircuit = async (prover, source, { id, params }, call) => {
    if (prover.name !== 'groth16') return prover.compile(source, params, call);
    const circuit = await openSegmentCircuit(modules.cache, source, params, new Call(withoutWorker, call));
    opened.set(id, circuit);
    return describeSegment(circuit, {}, 'without keys');
  };
  try {
    await compileSegments(plans, modules.provers, request.limits, { ...options, make });
    // The ceremony is held for this very circuit, whatever inputs follow.
    await keepRanges();
    const circuit = opened.get(plan.id);
    if (circuit === undefined) throw new TesseraError('INTERNAL', { message: `${plan.id} was not compiled` });
    return { segment: plan.id, path: circuit.constraints, release };
  } catch (error) {
    await release();
    throw error;
  }
}
