import pLimit from 'p-limit';
import { throwIfAborted } from '../abort.ts';
import { MemoryGate } from '../job/memory-gate.ts';
import { settlePorts } from '../plan/draft.ts';
import type { SegmentPlan } from '../plan/plan.ts';
import type { RunOptions } from '../progress.ts';
import type { CallOptions, CompiledSegment, Port, Prover, SegmentSource } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { namingSegment } from './naming-segment.ts';
import { type ProverLimits, type ProverUse, proverCall } from './prover-call.ts';
import { SegmentProgress } from './segment-progress.ts';
import { together } from './together.ts';

/** A planned segment with its circuit and keys. */
export interface CircuitSegment {
  plan: SegmentPlan;
  compiled: CompiledSegment;
}

/** Makes one planned circuit with its keys. */
export type MakeCircuit = (
  prover: Prover,
  source: SegmentSource,
  plan: SegmentPlan,
  call: CallOptions,
) => Promise<CompiledSegment>;

/**
 * Compiles every segment, as many at a time as `parallel` and the memory allow. A segment waits only for those that feed it:
 * the type its tensors come in with is the type its producers' circuits give them.
 *
 * @throws TesseraError of the first segment that cannot be compiled; the others are stopped.
 */
export async function compileSegments(
  plans: readonly SegmentPlan[],
  provers: Provers,
  limits: ProverLimits,
  options: RunOptions & { onUse?: (use: ProverUse) => void; make?: MakeCircuit } = {},
): Promise<CircuitSegment[]> {
  const { make = (prover, source, { params }, call) => prover.compile(source, params, call) } = options;
  const limit = pLimit(limits.parallel);
  const memory = new MemoryGate(limits.memory);
  const made = new Map<string, Promise<Port['settled']>>();
  const progress = new SegmentProgress('compile', plans, options);

  const compileOne = async (plan: SegmentPlan, signal: AbortSignal): Promise<CircuitSegment> => {
    const types = new Map(
      await Promise.all(plan.inputs.map(async (name) => [name, await made.get(name)] as const)),
    );
    const { inputPorts, outputPorts } = settlePorts(plan, (name) => types.get(name));
    const source = { model: plan.model, inputs: inputPorts, outputs: outputPorts };
    const prover = proverNamed(provers, plan.prover);
    const call = proverCall(plan.id, 'compile', limits, { ...progress.options, signal });
    const compiled = await limit(async () => {
      throwIfAborted(signal);
      const expected = await prover.setupMemory(source, plan.params, { signal, memoryLimit: limits.memory });
      return memory.run(expected, () => make(prover, source, plan, call));
    }).catch((error: unknown) => {
      throw namingSegment(plan.id, error);
    });
    progress.finish(plan.id);
    return { plan, compiled };
  };

  const start = (plan: SegmentPlan, signal: AbortSignal) => {
    const segment = compileOne(plan, signal);
    plan.outputs.forEach((name, port) => {
      const type = segment.then(({ compiled }) => compiled.circuit.outputs[port]);
      type.catch(() => undefined);
      made.set(name, type);
    });
    return segment;
  };
  return together((signal) => plans.map((plan) => start(plan, signal)), options.signal);
}
