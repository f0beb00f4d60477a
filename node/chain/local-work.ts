import { TesseraError } from '../../protocol/errors.ts';
import { proverNamed } from '../provers/provers.ts';
import { commitEdges } from '../requester/commit-edges.ts';
import type { Job, JobModules } from '../requester/job.ts';
import { type ProverLimits, proverCall } from '../requester/prover-call.ts';
import { srsFiles } from '../requester/srs-files.ts';
import type { ClaimedWork } from './market-worker.ts';

type Modules = Pick<JobModules, 'provers' | 'verifiers'>;

/** A segment of a job that this machine has compiled and run, as a worker takes it. */
export function localWork(job: Job, segment: number, modules: Modules, limits: ProverLimits): ClaimedWork {
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
      const running = signal ? { signal } : {};
      const again = await commitEdges(
        { ...job, values },
        modules.verifiers,
        await srsFiles(job.plans, modules.provers, { memoryLimit: limits.memory, ...running }),
        { ...running, segments: [segment] },
      );
      return [...refs.inputs, ...refs.outputs].map(
        ({ edge, block }) => again[edge]?.[block] ?? new Uint8Array(),
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
