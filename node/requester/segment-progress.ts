import type { SegmentPlan } from '../plan/plan.ts';
import type { RunOptions } from '../progress.ts';
import type { ProverUse } from './prover-call.ts';

type Options = RunOptions & { onUse?: (use: ProverUse) => void };

/** Stages of a job's segments, each with the step that takes most of its time. */
const steps = {
  compile: { step: 'setup', seconds: 'setupSeconds' },
  prove: { step: 'prove', seconds: 'proveSeconds' },
} as const;

/** Tells how far a stage has come, segment by segment, and how long the plan expects the rest to take. */
export class SegmentProgress {
  /** For calls to provers: what they use is noted here, too. */
  readonly options: Options;
  readonly #stage: keyof typeof steps;
  readonly #segments: number;
  readonly #expected: ReadonlyMap<string, number>;
  readonly #cached = new Set<string>();
  #done = 0;
  #doneSeconds = 0;
  #totalSeconds: number;

  /** Tells that the stage begins. */
  constructor(stage: keyof typeof steps, plans: readonly SegmentPlan[], options: Options) {
    const { step, seconds } = steps[stage];
    const onUse = (use: ProverUse) => {
      if (use.cached && use.step === step) this.#cached.add(use.segment);
      options.onUse?.(use);
    };
    this.options = { ...options, onUse };
    this.#stage = stage;
    this.#segments = plans.length;
    this.#expected = new Map(
      plans.flatMap(({ id, expected }) => (expected === undefined ? [] : [[id, expected[seconds]]])),
    );
    this.#totalSeconds = [...this.#expected.values()].reduce((sum, each) => sum + each, 0);
    this.#tell();
  }

  /** Tells that a segment is done. */
  finish(segment: string): void {
    const seconds = this.#expected.get(segment) ?? 0;
    this.#done += 1;
    if (this.#cached.has(segment)) this.#totalSeconds -= seconds;
    else this.#doneSeconds += seconds;
    this.#tell(segment);
  }

  #tell(segment?: string): void {
    this.options.onProgress?.({
      type: 'stage',
      stage: this.#stage,
      done: this.#done,
      total: this.#segments,
      ...(segment === undefined ? {} : { detail: segment }),
      ...(this.#expected.size === 0
        ? {}
        : { expected: { done: this.#doneSeconds, total: this.#totalSeconds } }),
    });
  }
}
