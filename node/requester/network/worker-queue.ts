import type { Candidate, OpenSegment } from './claim-policy.ts';
import { allowanceOf } from './trial.ts';

/**
 * Segments that a worker may hold besides those it is working on, so that none of its places waits for a message. It gets
 * them when it has begun one in each place: where many workers begin at once, none waits for what another has in advance.
 */
const inAdvance = 1;

/** By how much one worker's finish may be later than another's to count as the same: no estimate is better than that. */
const alike = 1.1;

/** When each place of a worker becomes free, in seconds from now. */
export class WorkerQueue {
  readonly candidate: Candidate;
  readonly #ends: number[];
  #room: number;
  #segments = 0;

  constructor(candidate: Candidate) {
    this.candidate = candidate;
    const { places, taken, held, begun, record } = candidate;
    // It names its places itself: no more of them are looked at than it may use.
    const allowance = allowanceOf(record);
    const free = places - taken;
    this.#ends = Array.from({ length: Math.max(1, Math.min(free, allowance)) }, () => 0);
    const most = begun < free ? free : free + inAdvance;
    this.#room = Math.max(0, Math.min(most, allowance) - held.length);
    const fastest = Math.max(1, ...candidate.speeds.values());
    for (const units of held) this.#push(units / fastest);
  }

  /** Segments that the worker may be given now. */
  get room(): number {
    return this.#room;
  }

  /** Segments that it has, and that were added. */
  get segments(): number {
    return this.#segments;
  }

  /** Seconds that the worker says it takes. */
  secondsFor({ prover, units }: OpenSegment): number {
    return units / (this.candidate.speeds.get(prover) ?? 1);
  }

  /** Seconds from now until the worker has a segment done, if it gets it next. */
  expect(segment: OpenSegment): number {
    return (this.#ends[0] ?? 0) + this.secondsFor(segment) / reliability(this.candidate);
  }

  add(segment: OpenSegment): void {
    this.#push(this.secondsFor(segment));
    this.#room = Math.max(0, this.#room - 1);
  }

  #push(seconds: number): void {
    this.#segments += 1;
    this.#ends[0] = (this.#ends[0] ?? 0) + seconds;
    this.#ends.sort((a, b) => a - b);
  }
}

/** The queue that a segment is best put into. */
export function soonest(segment: OpenSegment, queues: readonly WorkerQueue[]): WorkerQueue | undefined {
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
  queue: WorkerQueue;
  seconds: number;
}

function compare(
  { queue: { candidate: a, segments: own }, seconds }: Expectation,
  other: Expectation,
): number {
  const { candidate: b, segments } = other.queue;
  if (a.price !== b.price) return a.price < b.price ? -1 : 1;
  return (
    reliability(b) - reliability(a) ||
    seconds - other.seconds ||
    // Places of one machine share it.
    own - segments ||
    (a.worker < b.worker ? -1 : 1)
  );
}

/** The share of assignments that a worker is expected to keep, by Laplace's rule of succession; all, where it has none. */
function reliability({ record: { kept, broken } }: Candidate): number {
  return (kept + 1) / (kept + broken + 1);
}
