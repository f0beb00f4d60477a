import type { RunOptions, Stage } from '../progress.ts';
import type { CallOptions, ProverEvent, ProverStep } from '../provers/prover.ts';

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
  step: ProverStep;
  /** Milliseconds on the clock of `performance.now()`. */
  startedAt: number;
  endedAt: number;
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
        const endedAt = performance.now();
        const { step, seconds, peakBytes, cached } = event;
        options.onUse?.({
          segment,
          stage,
          step,
          startedAt: endedAt - 1000 * seconds,
          endedAt,
          seconds,
          peakBytes,
          cached,
        });
      }
    },
  };
}

/** The most memory that calls which ran at the same time took together: an upper bound, since peaks may not coincide. */
export function concurrentPeak(uses: readonly ProverUse[]): number {
  const together = ({ startedAt }: ProverUse) =>
    uses
      .filter((other) => other.startedAt <= startedAt && startedAt < other.endedAt)
      .reduce((sum, { peakBytes }) => sum + peakBytes, 0);
  return Math.max(0, ...uses.map(together));
}
