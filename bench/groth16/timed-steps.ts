import type { ProverEvent, ProverStep } from '../../node/provers/prover.ts';

/** What one step of a prover took. */
export interface StepUse {
  seconds: number;
  peakBytes: number;
}

/** Collects what the steps of a prover's calls took; the last of each kind stays. */
export function timedSteps(): {
  onProgress: (event: ProverEvent) => void;
  /** @throws RangeError for a step that did not take place */
  use(step: ProverStep): StepUse;
} {
  const uses = new Map<ProverStep, StepUse>();
  return {
    onProgress(event) {
      if (event.type === 'prover:end') uses.set(event.step, event);
    },
    use(step) {
      const use = uses.get(step);
      if (use === undefined) throw new RangeError(`no ${step} has taken place`);
      return use;
    },
  };
}
