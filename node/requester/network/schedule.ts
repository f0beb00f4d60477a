import type { Candidate, Claim, ClaimPolicy, OpenSegment } from './claim-policy.ts';

export interface ScheduleInit {
  /** The most that is paid for a million units. */
  price: bigint;
}

/** Segments that a worker may hold besides those it is working on, so that none of its places waits for a message. */
const inAdvance = 1;

/**
 * Gives segments to whoever is expected to have them done first, the longest first (Graham's LPT rule); of equals to
 * the cheapest, then to the one of the better record. A worker that failed is expected to take longer.
 */
export function schedule({ price }: ScheduleInit): ClaimPolicy {
  const stops = (segment: OpenSegment, candidate: Candidate) => obstacle(segment, candidate, price);
  return {
    decide(open, candidates) {
      const queues = candidates.map((candidate) => new Queue(candidate));
      const claims: Claim[] = [];
      for (const segment of [...open].sort((a, b) => b.units - a.units || a.segment - b.segment)) {
        const suited = queues.filter(
          (queue) => queue.hasRoom && stops(segment, queue.candidate) === undefined,
        );
        const [best] = suited
          .map((queue) => ({ queue, expectedSeconds: queue.expect(segment) }))
          .sort(
            (a, b) => a.expectedSeconds - b.expectedSeconds || compare(a.queue.candidate, b.queue.candidate),
          );
        if (best === undefined) continue;
        best.queue.add(segment);
        claims.push({
          segment: segment.segment,
          worker: best.queue.candidate.worker,
          expectedSeconds: best.expectedSeconds,
        });
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

type Obstacle = 'prover' | 'memory' | 'price' | 'failed';

function obstacle(segment: OpenSegment, candidate: Candidate, price: bigint): Obstacle | undefined {
  if ((candidate.speeds.get(segment.prover) ?? 0) <= 0) return 'prover';
  if (candidate.memory < segment.memory) return 'memory';
  if (candidate.price > price) return 'price';
  return segment.barred.has(candidate.worker) ? 'failed' : undefined;
}

function compare(a: Candidate, b: Candidate): number {
  if (a.price !== b.price) return a.price < b.price ? -1 : 1;
  return reliability(b) - reliability(a) || (a.worker < b.worker ? -1 : 1);
}

/** The share of assignments that a worker is expected to keep, by Laplace's rule of succession. */
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
    this.#room = places - taken + inAdvance - held.length;
    const fastest = Math.max(1, ...candidate.speeds.values());
    for (const units of held) this.#push(units / fastest);
  }

  get hasRoom(): boolean {
    return this.#room > 0;
  }

  expect(segment: OpenSegment): number {
    return (this.#ends[0] ?? 0) + this.#seconds(segment) / reliability(this.candidate);
  }

  add(segment: OpenSegment): void {
    this.#push(this.#seconds(segment));
    this.#room -= 1;
  }

  #seconds({ prover, units }: OpenSegment): number {
    return units / (this.candidate.speeds.get(prover) ?? 1);
  }

  #push(seconds: number): void {
    this.#ends[0] = (this.#ends[0] ?? 0) + seconds;
    this.#ends.sort((a, b) => a - b);
  }
}
