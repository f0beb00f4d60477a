import type { Candidate, Claim, ClaimPolicy, Obstacle, OpenSegment } from './claim-policy.ts';

export interface ScheduleInit {
  /** The most that is paid for a million units. */
  price: bigint;
}

/** Segments that a worker may hold besides those it is working on, so that none of its places waits for a message. */
const inAdvance = 1;

/** By how much one worker's finish may be later than another's to count as the same: no estimate is better than that. */
const alike = 1.1;

/**
 * Gives segments to whoever is expected to have them done first, the longest first (Graham's LPT rule); of those that
 * are as soon to the cheapest, then to the one of the better record. A worker that failed is expected to take longer.
 * A segment that a worker without room is expected to have done first waits for it.
 */
export function schedule({ price }: ScheduleInit): ClaimPolicy {
  const stops = (segment: OpenSegment, candidate: Candidate) => obstacle(segment, candidate, price);
  return {
    decide(open, candidates) {
      const queues = candidates.map((candidate) => new Queue(candidate));
      let room = queues.reduce((sum, queue) => sum + queue.room, 0);
      const claims: Claim[] = [];
      for (const segment of [...open].sort((a, b) => b.units - a.units || a.segment - b.segment)) {
        if (room === 0) break;
        const queue = soonest(
          segment,
          queues.filter(({ candidate }) => stops(segment, candidate) === undefined),
        );
        if (queue === undefined) continue;
        const expectedSeconds = queue.expect(segment);
        const hasRoom = queue.room > 0;
        queue.add(segment);
        if (!hasRoom) continue;
        room -= 1;
        claims.push({ segment: segment.segment, worker: queue.candidate.worker, expectedSeconds });
      }
      return claims;
    },
    obstacles(segment, candidates) {
      const counts: Map<Obstacle, number> = new Map();
      for (const candidate of candidates) {
        const why = stops(segment, candidate);
        if (why === undefined) return new Map();
        counts.set(why, (counts.get(why) ?? 0) + 1);
      }
      return counts;
    },
  };
}

function obstacle(segment: OpenSegment, candidate: Candidate, price: bigint): Obstacle | undefined {
  if ((candidate.speeds.get(segment.prover) ?? 0) <= 0) return 'prover';
  if (candidate.memory < segment.memory) return 'memory';
  if (candidate.price > price) return 'price';
  return segment.barred.get(candidate.worker);
}

/** The queue that a segment is best put into. */
function soonest(segment: OpenSegment, queues: readonly Queue[]): Queue | undefined {
  const expected = queues.map((queue) => ({ queue, seconds: queue.expect(segment) }));
  const least = expected.reduce((best, { seconds }) => Math.min(best, seconds), Number.POSITIVE_INFINITY);
  const best = expected
    .filter(({ seconds }) => seconds <= alike * least)
    .reduce<(typeof expected)[number] | undefined>(
      (first, other) => (first === undefined || compare(other, first) < 0 ? other : first),
      undefined,
    );
  return best?.queue;
}

interface Expectation {
  queue: Queue;
  seconds: number;
}

function compare({ queue: { candidate: a }, seconds }: Expectation, other: Expectation): number {
  const { candidate: b } = other.queue;
  if (a.price !== b.price) return a.price < b.price ? -1 : 1;
  return reliability(b) - reliability(a) || seconds - other.seconds || (a.worker < b.worker ? -1 : 1);
}

/** The share of assignments that a worker is expected to keep, by Laplace's rule of succession; all, where it has none. */
function reliability({ record: { kept, broken } }: Candidate): number {
  return (kept + 1) / (kept + broken + 1);
}

/** When each place of a worker becomes free, in seconds from now. */
class Queue {
  readonly candidate: Candidate;
  readonly #ends: number[];
  #room: number;

  constructor(candidate: Candidate) {
    this.candidate = candidate;
    const { places, taken, held } = candidate;
    this.#ends = Array.from({ length: Math.max(1, places - taken) }, () => 0);
    this.#room = Math.max(0, places - taken + inAdvance - held.length);
    const fastest = Math.max(1, ...candidate.speeds.values());
    for (const units of held) this.#push(units / fastest);
  }

  /** Segments that the worker may be given now. */
  get room(): number {
    return this.#room;
  }

  /** Seconds from now until the worker has a segment done, if it gets it next. */
  expect(segment: OpenSegment): number {
    return (this.#ends[0] ?? 0) + this.#seconds(segment) / reliability(this.candidate);
  }

  add(segment: OpenSegment): void {
    this.#push(this.#seconds(segment));
    this.#room = Math.max(0, this.#room - 1);
  }

  #seconds({ prover, units }: OpenSegment): number {
    return units / (this.candidate.speeds.get(prover) ?? 1);
  }

  #push(seconds: number): void {
    this.#ends[0] = (this.#ends[0] ?? 0) + seconds;
    this.#ends.sort((a, b) => a - b);
  }
}
