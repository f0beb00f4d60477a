/** What a user would ask the plan for. */
export interface PlanChoice {
  /** Slicing strategy, as `--by` takes it. */
  by: string;
  prover: 'auto' | 'ezkl' | 'groth16';
  /** What all prover processes together may use, as `--memory` takes it; the keys they keep loaded obey it too. */
  memory?: string;
}

/** The choice as flags of `tessera prove`. */
export function planFlags({ by, prover, memory }: PlanChoice): string[] {
  return ['--by', by, '--prover', prover, ...(memory === undefined ? [] : ['--memory', memory])];
}
