import { throwIfAborted } from '../abort.ts';
import type { RunOptions } from '../progress.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import type { CircuitSegment } from './compile.ts';
import { type ProverLimits, type ProverUse, proverCall } from './prover-call.ts';

/** Every edge's tensor in the circuits' own integers, row-major, by tensor name. */
export type EdgeValues = ReadonlyMap<string, readonly bigint[]>;

/**
 * Runs the whole computation once in the circuits' arithmetic, so that all segments can be proven at once.
 *
 * @param inputs integers of every input of the whole, at its edge's scale
 */
export async function execute(
  segments: readonly CircuitSegment[],
  inputs: EdgeValues,
  provers: Provers,
  limits: ProverLimits,
  options: RunOptions & { onUse?: (use: ProverUse) => void } = {},
): Promise<EdgeValues> {
  const values = new Map(inputs);
  for (const [index, { plan, compiled }] of segments.entries()) {
    throwIfAborted(options.signal);
    options.onProgress?.({
      type: 'stage',
      stage: 'execute',
      done: index,
      total: segments.length,
      detail: plan.id,
    });
    const boundary = await proverNamed(provers, plan.prover).execute(
      compiled,
      plan.inputs.map((name) => values.get(name) ?? []),
      proverCall(plan.id, 'execute', limits, options),
    );
    for (const [port, name] of plan.outputs.entries()) values.set(name, boundary.outputs[port] ?? []);
  }
  options.onProgress?.({ type: 'stage', stage: 'execute', done: segments.length, total: segments.length });
  return values;
}
