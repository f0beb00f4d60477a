import type { CallOptions, ProverEvent } from '../provers/prover.ts';
import type { RunOptions, Stage } from '../progress.ts';

/** What a job may use of this machine. */
export interface ProverLimits {
  /** Segments worked on at once. */
  parallel: number;
  /** Bytes that all prover processes together may use. */
  memory: number;
}

/** One call to a prover, and what it used. */
export interface ProverUse {
  segment: string;
  stage: Stage;
  seconds: number;
  peakBytes: number;
  cached: boolean;
}

/** The options of one prover call for a segment: its share of the limits, and where its events go. */
export function proverCall(
  segment: string,
  stage: Stage,
  limits: ProverLimits,
  options: RunOptions & { onUse?: (use: ProverUse) => void },
): CallOptions {
  return {
    memoryLimit: limits.memory,
    ...(options.signal ? { signal: options.signal } : {}),
    onProgress: (event: ProverEvent) => {
      if (event.type === 'prover:end') {
        options.onUse?.({ segment, stage, seconds: event.seconds, peakBytes: event.peakBytes, cached: event.cached });
      }
    },
  };
}
