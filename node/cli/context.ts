import type { Output } from './output.ts';
import type { Settings } from './settings.ts';

/** What the command line hands to a verb. */
export interface Context {
  settings: Settings;
  output: Output;
  /** Aborted when the user interrupts. */
  signal: AbortSignal;
  /** The exit status when the verb ends without an error; 0 unless the verb sets it. */
  exitStatus: number;
}
