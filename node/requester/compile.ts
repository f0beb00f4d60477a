import pLimit from 'p-limit';
import { throwIfAborted } from '../abort.ts';
import type { SegmentPlan } from '../plan/plan.ts';
import type { RunOptions } from '../progress.ts';
import { setupMemory } from '../provers/ezkl/parameters.ts';
import type { EzklProver } from '../provers/ezkl/prover.ts';
import type { CompiledSegment } from '../provers/prover.ts';
import { MemoryGate } from './memory-gate.ts';
import { type ProverLimits, type ProverUse, proverCall } from './prover-call.ts';
import { together } from './together.ts';

/** A planned segment with its circuit and keys. */
export interface CircuitSegment {
  plan: SegmentPlan;
  compiled: CompiledSegment;
}

/**
 * Compiles every segment, as many at a time as `parallel` and the memory allow. A segment waits only for those that feed it:
 * the scale its tensors come in with is the scale its producers' circuits give them.
 *
 * @throws TesseraError of the first segment that cannot be compiled; the others are stopped.
 */
export async function compileSegments(
  plans: readonly SegmentPlan[],
  prover: EzklProver,
  limits: ProverLimits,
  options: RunOptions & { onUse?: (use: ProverUse) => void } = {},
): Promise<CircuitSegment[]> {
  const limit = pLimit(limits.parallel);
  const memory = new MemoryGate(limits.memory);
  const scales = new Map<string, Promise<number>>();
  let done = 0;
  options.onProgress?.({ type: 'stage', stage: 'compile', done, total: plans.length });

  const compileOne = async (plan: SegmentPlan, signal: AbortSignal): Promise<CircuitSegment> => {
    const inputScales = await Promise.all(plan.inputs.map((name) => scales.get(name) ?? plan.params.scale));
    const source = { model: plan.model, inputs: plan.inputSchemes, outputs: plan.outputSchemes, inputScales };
    const call = proverCall(plan.id, 'compile', limits, { ...options, signal });
    const compiled = await limit(async () => {
      throwIfAborted(signal);
      const size = await prover.measure(source, plan.params, { signal });
      return memory.run(setupMemory(size, plan.params), () => prover.compile(source, plan.params, call));
    });
    options.onProgress?.({
      type: 'stage',
      stage: 'compile',
      done: ++done,
      total: plans.length,
      detail: plan.id,
    });
    return { plan, compiled };
  };

  const start = (plan: SegmentPlan, signal: AbortSignal) => {
    const segment = compileOne(plan, signal);
    plan.outputs.forEach((name, port) => {
      const scale = segment.then(
        ({ compiled }) => compiled.circuit.outputs[port]?.scale ?? plan.params.scale,
      );
      scale.catch(() => undefined);
      scales.set(name, scale);
    });
    return segment;
  };
  return together((signal) => plans.map((plan) => start(plan, signal)), options.signal);
}
