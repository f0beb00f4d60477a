import pLimit from 'p-limit';
import type { SegmentPlan } from '../plan/plan.ts';
import type { RunOptions } from '../progress.ts';
import type { EzklProver } from '../provers/ezkl/prover.ts';
import type { CompiledSegment } from '../provers/prover.ts';
import { type ProverLimits, type ProverUse, proverCall } from './prover-call.ts';

/** A planned segment with its circuit and keys. */
export interface CircuitSegment {
  plan: SegmentPlan;
  compiled: CompiledSegment;
}

/**
 * Compiles every segment, as many at a time as `parallel` allows. A segment waits only for those that feed it:
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
  const scales = new Map<string, Promise<number>>();
  let done = 0;
  options.onProgress?.({ type: 'stage', stage: 'compile', done, total: plans.length });
  const failure = new AbortController();
  const signal = AbortSignal.any([failure.signal, ...(options.signal ? [options.signal] : [])]);

  const compileOne = async (plan: SegmentPlan): Promise<CircuitSegment> => {
    const inputScales = await Promise.all(plan.inputs.map((name) => scales.get(name) ?? plan.params.scale));
    const source = { model: plan.model, inputs: plan.inputSchemes, outputs: plan.outputSchemes, inputScales };
    const compiled = await limit(() => {
      signal.throwIfAborted();
      return prover.compile(
        source,
        plan.params,
        proverCall(plan.id, 'compile', limits, { ...options, signal }),
      );
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

  const running = plans.map((plan) => {
    const segment = compileOne(plan);
    plan.outputs.forEach((name, port) => {
      const scale = segment.then(
        ({ compiled }) => compiled.circuit.outputs[port]?.scale ?? plan.params.scale,
      );
      scale.catch(() => undefined);
      scales.set(name, scale);
    });
    return segment;
  });
  try {
    return await Promise.all(running);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}
