/** What a user would ask the plan for. */
export interface PlanChoice {
  /** Slicing strategy, as `--by` takes it. */
  by: string;
  /** Bytes that all prover processes together may use, as `--memory` takes them. */
  memory?: string;
}

/** The choice as flags of `tessera prove`. */
export function planFlags({ by, memory }: PlanChoice): string[] {
  return ['--by', by, ...(memory === undefined ? [] : ['--memory', memory])];
}
