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

/** What a program function reports while it works: counts within a stage, in the stage's own units. */
export type Progress =
  | { type: 'stage'; stage: Stage; done: number; total: number; detail?: string }
  | { type: 'note'; message: string };

export interface RunOptions {
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
}
