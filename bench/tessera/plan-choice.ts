/** What a user would ask the plan for. */
export interface PlanChoice {
  /** Slicing strategy, as `--by` takes it. */
  by: string;
  prover: 'auto' | 'ezkl' | 'groth16';
}

/** The choice as flags of `tessera prove`. */
export function planFlags({ by, prover }: PlanChoice): string[] {
  return ['--by', by, '--prover', prover];
}
