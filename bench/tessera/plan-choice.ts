/** What a user would ask the plan for. */
export interface PlanChoice {
  /** Slicing strategy, as `--by` takes it. */
  by: string;
  /** `auto` unless given. */
  prover?: 'auto' | 'ezkl' | 'groth16';
  /** What all prover processes together may use, as `--memory` takes it. */
  memory?: string;
}

/** The choice as flags of `tessera prove`. */
export function planFlags({ by, prover, memory }: PlanChoice): string[] {
  return [
    '--by',
    by,
    ...(prover === undefined ? [] : ['--prover', prover]),
    ...(memory === undefined ? [] : ['--memory', memory]),
  ];
}
