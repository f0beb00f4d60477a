import pLimit from 'p-limit';
import type { Proof } from '../../protocol/certificate.ts';
import { throwIfAborted } from '../abort.ts';
import { MemoryGate } from '../job/memory-gate.ts';
import type { RunOptions } from '../progress.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import type { Blindings } from './blindings.ts';
import type { CircuitSegment } from './compile.ts';
import type { EdgeValues } from './execute.ts';
import { namingSegment } from './naming-segment.ts';
import { type ProverLimits, type ProverUse, proverCall } from './prover-call.ts';
import { SegmentProgress } from './segment-progress.ts';
import { together } from './together.ts';

/** What is proven: every edge's tensor, and the blinding values of those that are blinded. */
export interface Execution {
  values: EdgeValues;
  blindings: Blindings;
}

/**
 * Proves all segments, as many at a time as `parallel` and the memory allow.
 *
 * @throws the first error; the other proofs are stopped, and those already made stay in the cache.
 */
export async function proveSegments(
  segments: readonly CircuitSegment[],
  { values, blindings }: Execution,
  provers: Provers,
  limits: ProverLimits,
  options: RunOptions & { onUse?: (use: ProverUse) => void } = {},
): Promise<Proof[]> {
  const limit = pLimit(limits.parallel);
  const memory = new MemoryGate(limits.memory);
  const plans = segments.map(({ plan }) => plan);
  const progress = new SegmentProgress('prove', plans, options);

  const proveOne = ({ plan, compiled }: CircuitSegment, signal: AbortSignal) =>
    limit(() =>
      memory.run(compiled.provingMemory, async () => {
        throwIfAborted(signal);
        const proof = await proverNamed(provers, plan.prover)
          .prove(
            compiled,
            plan.inputs.map((name) => values.get(name) ?? []),
            {
              ...proverCall(plan.id, 'prove', limits, { ...progress.options, signal }),
              blindings: {
                inputs: plan.inputs.map((name) => blindings.get(name)),
                outputs: plan.outputs.map((name) => blindings.get(name)),
              },
            },
          )
          .catch((error: unknown) => {
            throw namingSegment(plan.id, error);
          });
        progress.finish(plan.id);
        return proof;
      }),
    );
  return together((signal) => segments.map((segment) => proveOne(segment, signal)), options.signal);
}
