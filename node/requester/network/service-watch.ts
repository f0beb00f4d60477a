import type { Reach } from '../../network/connection-keeper.ts';
import type { Candidate, ClaimPolicy, OpenSegment } from './claim-policy.ts';
import type { SegmentNeed } from './segment-need.ts';
import { describeAlone, describeUnsuited, type Unsuited, workerMissing } from './worker-missing.ts';

export interface ServiceWatchInit {
  /** By index. */
  needs: readonly SegmentNeed[];
  policy: Pick<ClaimPolicy, 'obstacles'>;
  /** Milliseconds in which no worker may take anything. */
  patience: number;
  reach: () => Reach;
  /** Is told, once, that nobody is connected, and why. */
  onAlone: (message: string) => void;
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
  #toldAlone = false;

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
    this.#tellAlone(candidates, now - this.#servedAt);
    if (now - this.#servedAt >= patience) throw workerMissing(unsuited, this.#init.reach());
  }

  /** Connections take a moment: what is said sooner would often be untrue by the time that it is read. */
  #tellAlone(candidates: readonly Candidate[], unserved: number): void {
    const { patience, reach, onAlone } = this.#init;
    if (this.#toldAlone || candidates.length > 0 || unserved < aloneMs || unserved >= patience) return;
    const alone = describeAlone(reach());
    if (alone === undefined) return;
    this.#toldAlone = true;
    const left = Math.ceil((patience - unserved) / 1_000);
    onAlone(`Nobody proves this job: ${alone}. It waits ${left} s more for workers.`);
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

/** Milliseconds without any connection before that is said. */
const aloneMs = 3_000;
