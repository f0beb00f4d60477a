import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { BlockRef } from '../../protocol/graph.ts';
import { commitBlock } from '../job/commit-block.ts';
import { blocksByTensor } from '../model/tile/index.ts';
import { proverNamed } from '../provers/provers.ts';
import type { Blindings } from '../requester/blindings.ts';
import type { EdgeValues } from '../requester/execute.ts';
import type { Job, JobModules } from '../requester/job.ts';
import { type ProverLimits, proverCall } from '../requester/prover-call.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { SegmentWork } from './worker.ts';

type Modules = Pick<JobModules, 'provers' | 'verifiers'>;

/** What committing to a job's tensors takes besides them. */
interface Means {
  srs: ReadonlyMap<Hex32, Uint8Array>;
  blindings: Blindings;
}

/** The commitment of every block of every edge, `[edge][block]`, before anything is proven. */
export async function commitEdges(job: Job, modules: Modules, signal?: AbortSignal): Promise<Uint8Array[][]> {
  const { edges } = job.compiled.graph;
  const means = await meansOf(job, modules, signal);
  return Promise.all(
    edges.map(({ blocks }, edge) =>
      Promise.all(blocks.map((_, block) => commitRef(job, { edge, block }, job.values, means, modules))),
    ),
  );
}

/** A segment of a job that this machine has compiled and run, as a worker takes it. */
export function localWork(job: Job, segment: number, modules: Modules, limits: ProverLimits): SegmentWork {
  const plan = job.plans[segment];
  const refs = job.compiled.graph.segments[segment];
  const compiled = job.segments[segment]?.compiled;
  if (plan === undefined || refs === undefined || compiled === undefined) {
    throw new TesseraError('USAGE', {
      message: `There is no segment ${segment}: the job has ${job.segments.length}`,
      remedy: '`tessera jobs` shows them; they are counted from 0.',
    });
  }
  const prover = proverNamed(modules.provers, plan.prover);
  const inputs = plan.inputs.map((name) => job.values.get(name) ?? []);
  const call = (stage: 'execute' | 'prove', signal?: AbortSignal) =>
    proverCall(plan.id, stage, limits, signal ? { signal } : {});
  return {
    expectedSeconds: plan.expected.proveSeconds,
    provesFirst: false,
    async execute(signal) {
      const boundary = await prover.execute(compiled, inputs, call('execute', signal));
      const values = new Map(job.values);
      for (const [port, name] of plan.outputs.entries()) values.set(name, boundary.outputs[port] ?? []);
      const means = await meansOf(job, modules, signal);
      return Promise.all(
        [...refs.inputs, ...refs.outputs].map((ref) => commitRef(job, ref, values, means, modules)),
      );
    },
    prove: (context, signal) =>
      prover.prove(compiled, inputs, {
        ...call('prove', signal),
        context,
        blindings: {
          inputs: plan.inputs.map((name) => job.blindings.get(name)),
          outputs: plan.outputs.map((name) => job.blindings.get(name)),
        },
      }),
    // What the job has compiled serves its other segments too.
    close: async () => undefined,
  };
}

async function meansOf(job: Job, { provers }: Modules, signal?: AbortSignal): Promise<Means> {
  return { srs: await srsFiles(job.plans, provers, signal ? { signal } : {}), blindings: job.blindings };
}

async function commitRef(
  job: Job,
  { edge, block }: BlockRef,
  values: EdgeValues,
  { srs, blindings }: Means,
  { verifiers }: Modules,
): Promise<Uint8Array> {
  const { name: tensor, type, blocks } = job.compiled.graph.edges[edge] ?? {};
  const box = blocks?.[block];
  if (tensor === undefined || type === undefined || box === undefined) {
    throw new TesseraError('INTERNAL', { message: `there is no block ${block} of edge ${edge}` });
  }
  const name = blocksByTensor(job.cut.blocks).get(tensor)?.[block]?.name ?? tensor;
  return commitBlock({ ...type, shape: box.size }, values.get(name) ?? [], {
    blinding: blindings.get(name),
    srs: type.scheme.name === 'kzg' ? srs.get(type.scheme.srs) : undefined,
    verifiers,
  });
}
