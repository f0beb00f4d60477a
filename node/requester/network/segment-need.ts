import type { Need } from '../../../protocol/messages/index.ts';
import { referenceUnitsPerSecond } from '../../plan/cost-model/units.ts';
import type { Job } from '../job.ts';

/** What proving one segment takes. */
export interface SegmentNeed {
  id: string;
  prover: string;
  /** Of the cost model. */
  units: number;
  /** Bytes at the peak. */
  memory: number;
}

/** What each segment of a job takes, by index. */
export function needsOf({ plans, segments }: Pick<Job, 'plans' | 'segments'>): SegmentNeed[] {
  return plans.map(({ id, prover, expected }, index) => ({
    id,
    prover,
    units: Math.max(1, Math.round(referenceUnitsPerSecond * expected.proveSeconds)),
    memory: Math.max(expected.proveBytes, segments[index]?.compiled.provingMemory ?? 0),
  }));
}

/** Needs by kind, as an offer says them: segments of one adapter, with the most that one of them takes. */
export function summariseNeeds({ segments }: Pick<Job, 'segments'>, needs: readonly SegmentNeed[]): Need[] {
  const kinds = new Map<string, Need>();
  for (const [index, { prover, units, memory }] of needs.entries()) {
    const adapter = segments[index]?.compiled.circuit.adapter ?? prover;
    const known = kinds.get(adapter);
    kinds.set(adapter, {
      prover,
      adapter,
      segments: (known?.segments ?? 0) + 1,
      units: Math.max(known?.units ?? 0, units),
      memory: Math.round(Math.max(known?.memory ?? 0, memory)),
    });
  }
  return [...kinds.values()];
}
