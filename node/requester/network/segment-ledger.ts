import type { Hex32 } from '../../../protocol/edge.ts';
import type { Obstacle, OpenSegment } from './claim-policy.ts';
import type { SegmentNeed } from './segment-need.ts';

/** An assignment that holds. Times are milliseconds of the caller's monotonic clock. */
export interface Holding {
  /** The assignment's. */
  id: Hex32;
  worker: Hex32;
  /** Counts the assignments of the segment. */
  attempt: number;
  /** Whether the worker has said that it takes it. */
  taken: boolean;
  heardAt: number;
  endsAt: number;
}

/** Who says something about a segment, and under which assignment. */
export interface Claimant {
  segment: number;
  assignment: Hex32;
  worker: Hex32;
}

/** An assignment that is over, and why. */
export interface Lapse {
  segment: number;
  holding: Holding;
  reason: string;
}

interface Entry {
  need: SegmentNeed;
  accepted: boolean;
  /** By worker; more than one where those that have it may never deliver. */
  holdings: Map<Hex32, Holding>;
  /** When it was first given to anybody. */
  givenAt?: number;
  /** All assignments of every worker that had it: a proof that comes late is as good. */
  given: Map<Hex32, Set<Hex32>>;
  /** How often each worker had it in vain. */
  failures: Map<Hex32, number>;
  barred: Map<Hex32, Obstacle>;
  attempts: number;
}

/** Times that one worker may have one segment in vain: one that fell silent may come back, and be the only one. */
const maxFailures = 3;

/** How every segment of a job stands: open, with a worker, or accepted. Says nothing to anybody. */
export class SegmentLedger {
  readonly #entries: readonly Entry[];

  constructor(needs: readonly SegmentNeed[]) {
    this.#entries = needs.map((need) => ({
      need,
      accepted: false,
      holdings: new Map(),
      given: new Map(),
      failures: new Map(),
      barred: new Map(),
      attempts: 0,
    }));
  }

  /** How many segments the job has. */
  get size(): number {
    return this.#entries.length;
  }

  /** Whether a worker is at work on any. */
  get isWorking(): boolean {
    return this.holdings.some(({ taken }) => taken);
  }

  /** Segments that nobody has, and that are not accepted. */
  get open(): OpenSegment[] {
    return this.pending(0).filter(({ segment }) => this.#entries[segment]?.holdings.size === 0);
  }

  /** Segments that are not accepted, with who has them. */
  pending(now: number): OpenSegment[] {
    return this.#entries.flatMap((entry, segment): OpenSegment[] => {
      const { need, accepted, holdings, barred, givenAt } = entry;
      if (accepted) return [];
      const { prover, units, memory } = need;
      const open = { segment, prover, units, memory, barred };
      if (givenAt === undefined) return [open];
      const seconds = Math.max(0, now - givenAt) / 1_000;
      return [{ ...open, given: { holders: [...holdings.keys()], seconds } }];
    });
  }

  /** Assignments that hold, by segment. */
  get holdings(): (Holding & { segment: number })[] {
    return this.#entries.flatMap(({ holdings }, segment) =>
      [...holdings.values()].map((holding) => ({ segment, ...holding })),
    );
  }

  /** Those of one segment. */
  holdingsOf(segment: number): Holding[] {
    return [...(this.#entries[segment]?.holdings.values() ?? [])];
  }

  needOf(segment: number): SegmentNeed | undefined {
    return this.#entries[segment]?.need;
  }

  /** How often it was assigned: the number of the next attempt. */
  attemptsOf(segment: number): number {
    return this.#entries[segment]?.attempts ?? 0;
  }

  isAccepted(segment: number): boolean {
    return this.#entries[segment]?.accepted === true;
  }

  /** Whether this assignment, of this worker, holds. */
  holds({ segment, assignment, worker }: Claimant): boolean {
    return this.#entries[segment]?.holdings.get(worker)?.id === assignment;
  }

  /** Whether this worker was given this assignment, though it may hold no longer. */
  wasGiven({ segment, assignment, worker }: Claimant): boolean {
    return this.#entries[segment]?.given.get(worker)?.has(assignment) === true;
  }

  /** The attempt is the next one unless given. */
  assign(segment: number, holding: Omit<Holding, 'taken' | 'attempt'> & { attempt?: number }): void {
    const entry = this.#entries[segment];
    if (entry === undefined) return;
    const { attempt = entry.attempts } = holding;
    entry.attempts = Math.max(entry.attempts, attempt + 1);
    entry.holdings.set(holding.worker, { ...holding, attempt, taken: false });
    entry.givenAt ??= holding.heardAt;
    const given = entry.given.get(holding.worker) ?? new Set();
    entry.given.set(holding.worker, given.add(holding.id));
  }

  /** Notes a word of a worker that has the segment. */
  hear(segment: number, worker: Hex32, now: number): void {
    const holding = this.#entries[segment]?.holdings.get(worker);
    if (holding === undefined) return;
    holding.heardAt = now;
    holding.taken = true;
  }

  /** Assignments that took too long, or whose workers fell silent. */
  lapsed(now: number, silence: number): Lapse[] {
    return this.holdings.flatMap(({ segment, ...holding }): Lapse[] => {
      if (now - holding.heardAt > silence) return [{ segment, holding, reason: 'nothing was heard of it' }];
      return now > holding.endsAt ? [{ segment, holding, reason: 'it took too long' }] : [];
    });
  }

  /** @returns the assignment that held */
  release(segment: number, worker: Hex32): Holding | undefined {
    const holdings = this.#entries[segment]?.holdings;
    const holding = holdings?.get(worker);
    holdings?.delete(worker);
    return holding;
  }

  /** Notes that a worker had the segment in vain. */
  fail(segment: number, worker: Hex32): void {
    const entry = this.#entries[segment];
    if (entry === undefined) return;
    const failures = (entry.failures.get(worker) ?? 0) + 1;
    entry.failures.set(worker, failures);
    if (failures >= maxFailures) entry.barred.set(worker, 'failed');
  }

  /** Keeps a worker from the segment. */
  bar(segment: number, worker: Hex32, reason: Obstacle): void {
    this.#entries[segment]?.barred.set(worker, reason);
  }

  /** Takes back whatever a worker was given of the segment: nothing more is accepted of it. */
  disown(segment: number, worker: Hex32): void {
    this.bar(segment, worker, 'failed');
    this.#entries[segment]?.given.delete(worker);
  }

  /** @returns the assignments that held */
  accept(segment: number): Holding[] {
    const entry = this.#entries[segment];
    if (entry === undefined) return [];
    entry.accepted = true;
    const holdings = [...entry.holdings.values()];
    entry.holdings.clear();
    return holdings;
  }
}
