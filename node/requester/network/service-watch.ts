import type { Candidate, ClaimPolicy, OpenSegment } from './claim-policy.ts';
import type { SegmentNeed } from './segment-need.ts';
import { describeUnsuited, type Unsuited, workerMissing } from './worker-missing.ts';

export interface ServiceWatchInit {
  /** By index. */
  needs: readonly SegmentNeed[];
  policy: Pick<ClaimPolicy, 'obstacles'>;
  /** Milliseconds in which no worker may take anything. */
  patience: number;
  /** Is told, once for each reason, that nobody known suits a segment, and why. */
  onUnsuited: (segment: number, reason: string) => void;
}

/** What is known at one look. */
export interface Service {
  open: readonly OpenSegment[];
  candidates: readonly Candidate[];
  /** Whether a worker is at work on any segment. */
  isWorking: boolean;
}

/** Watches whether a job is served at all: says at once which limit keeps everybody from it, and gives up in the end. */
export class ServiceWatch {
  readonly #init: ServiceWatchInit;
  /** When a worker was last at work, or none was needed. */
  #servedAt: number | undefined;
  #told: string | undefined;

  constructor(init: ServiceWatchInit) {
    this.#init = init;
  }

  /**
   * @param now milliseconds of the caller's monotonic clock
   * @throws TesseraError `WORKER_MISSING` when nobody has taken anything for too long
   */
  look({ open, candidates, isWorking }: Service, now: number): void {
    const { patience, onUnsuited } = this.#init;
    if (this.#servedAt === undefined || open.length === 0 || isWorking) this.#servedAt = now;
    const unsuited = this.#unsuited(open, candidates);
    if (unsuited.obstacles.size > 0) {
      const { why, remedy } = describeUnsuited(unsuited);
      const reason = `${why}. ${remedy}`;
      // Its owner may rather slice it anew than wait.
      if (this.#told !== reason) onUnsuited(unsuited.segment, reason);
      this.#told = reason;
    }
    if (now - this.#servedAt >= patience) throw workerMissing(unsuited);
  }

  /** The first open segment that no candidate suits, or the first of all where there is none. */
  #unsuited(open: readonly OpenSegment[], candidates: readonly Candidate[]): Unsuited & { segment: number } {
    const { needs, policy } = this.#init;
    let found: { segment: number; obstacles: Unsuited['obstacles'] } | undefined;
    for (const one of open) {
      const obstacles = policy.obstacles(one, candidates);
      if (obstacles.size === 0) continue;
      found = { segment: one.segment, obstacles };
      break;
    }
    const { segment, obstacles } = found ?? { segment: open[0]?.segment ?? 0, obstacles: new Map() };
    return { segment, need: needs[segment] as SegmentNeed, obstacles, candidates };
  }
}
