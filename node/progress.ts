/** The stages of the data's way, as people and programs see them. */
export type Stage =
  | 'download'
  | 'import'
  | 'slice'
  | 'plan'
  | 'compile'
  | 'execute'
  | 'prove'
  | 'certify'
  | 'verify';

/**
 * Seconds that the plan expects a stage's parts to take one after another: those that are done, and all. What came
 * from the cache is in neither.
 */
export interface ExpectedSeconds {
  done: number;
  total: number;
}

/** What a program function reports while it works: counts within a stage, in the stage's own units. */
export type Progress =
  | {
      type: 'stage';
      stage: Stage;
      done: number;
      total: number;
      detail?: string;
      /** Where the plan knows. */
      expected?: ExpectedSeconds;
    }
  | { type: 'note'; message: string };

export interface RunOptions {
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
}
