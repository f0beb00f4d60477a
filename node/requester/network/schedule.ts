import type { Hex32 } from '../../../protocol/edge.ts';
import type { Candidate, Claim, ClaimPolicy, Obstacle, OpenSegment } from './claim-policy.ts';
import { isFreeFor, isProven, maxTrials, standingOf, trialsAt } from './trial.ts';
import { soonest, WorkerQueue } from './worker-queue.ts';

export interface ScheduleInit {
  /** The most that is paid for a million units. */
  price: bigint;
  /** Seconds, besides those that it takes, for which workers on trial have a segment to themselves. */
  trial: number;
}

/** Workers on trial that are weighed against one another at a time: their bids take only so much of this node's time. */
const maxWeighed = 256;

/**
 * Gives segments to whoever is expected to have them done first, the longest first (Graham's LPT rule); of those that
 * are as soon to the cheapest, then to the one of the better record. A worker that failed is expected to take longer.
 *
 * Proven workers choose first, and a segment that one without room is expected to have done first waits for it. What
 * they leave goes to workers on trial, and waits for none of those, whatever they say of themselves: `trial.ts` has the
 * rules that bound what they can cost a job.
 */
export function schedule({ price, trial }: ScheduleInit): ClaimPolicy {
  const suits = (segment: OpenSegment, candidate: Candidate) =>
    obstacle(segment, candidate, price) === undefined;

  function giveToProven(segments: readonly OpenSegment[], workers: readonly Candidate[]): Claim[] {
    const queues = workers.map((candidate) => new WorkerQueue(candidate));
    let room = queues.reduce((sum, queue) => sum + queue.room, 0);
    const claims: Claim[] = [];
    for (const segment of segments) {
      if (room === 0) break;
      const queue = soonest(
        segment,
        queues.filter(
          (one) => suits(segment, one.candidate) && isFreeFor(segment, one.secondsFor(segment), trial),
        ),
      );
      if (queue === undefined) continue;
      const claim = claimOf(segment, queue);
      const hasRoom = queue.room > 0;
      queue.add(segment);
      if (!hasRoom) continue;
      room -= 1;
      claims.push(claim);
    }
    return claims;
  }

  function giveOnTrial(segments: readonly OpenSegment[], workers: readonly Candidate[]): Claim[] {
    const queues = workers
      .filter((candidate) => segments.some((segment) => suits(segment, candidate)))
      .map((candidate) => new WorkerQueue(candidate))
      .filter(({ room }) => room > 0)
      .sort(byRank)
      .slice(0, maxWeighed);
    let room = queues.reduce((sum, queue) => sum + queue.room, 0);
    const claims: Claim[] = [];
    const holders = new Map(segments.map(({ segment, given }) => [segment, new Set(given?.holders)]));
    // Each segment has one before any has a second.
    for (let most = 1; most <= maxTrials && room > 0; most *= 2) {
      for (const segment of segments) {
        const known = holders.get(segment.segment) as Set<Hex32>;
        while (known.size < Math.min(most, trialsAt(segment, trial))) {
          const fitting = queues.filter(
            ({ room, candidate }) => room > 0 && !known.has(candidate.worker) && suits(segment, candidate),
          );
          const best = fitting.reduce((high, { candidate }) => Math.max(high, rankOf(candidate)), -Infinity);
          const queue = soonest(
            segment,
            fitting.filter(({ candidate }) => rankOf(candidate) === best),
          );
          if (queue === undefined) break;
          claims.push(claimOf(segment, queue));
          queue.add(segment);
          room -= 1;
          known.add(queue.candidate.worker);
        }
      }
    }
    return claims;
  }

  return {
    decide(open, candidates) {
      const proven = candidates.filter(({ record }) => isProven(record));
      const names = new Set(proven.map(({ worker }) => worker));
      const segments = open
        .filter(({ given }) => given?.holders.some((holder) => names.has(holder)) !== true)
        .sort(longestFirst);
      const claims = giveToProven(segments, proven);
      const claimed = new Set(claims.map(({ segment }) => segment));
      const left = segments.filter(({ segment }) => !claimed.has(segment));
      const strangers = candidates.filter(({ worker }) => !names.has(worker));
      return [...claims, ...giveOnTrial(left, strangers)];
    },
    obstacles(segment, candidates) {
      const counts: Map<Obstacle, number> = new Map();
      for (const candidate of candidates) {
        const why = obstacle(segment, candidate, price);
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

/** Those that nobody has come first. */
function longestFirst(a: OpenSegment, b: OpenSegment): number {
  const [heldA, heldB] = [a, b].map(({ given }) => Math.min(1, given?.holders.length ?? 0));
  return (heldA ?? 0) - (heldB ?? 0) || b.units - a.units || a.segment - b.segment;
}

/** Of workers on trial: who broke less, and of equals who was met. */
function rankOf({ record, isMet }: Candidate): number {
  return 2 * standingOf(record) + (isMet ? 1 : 0);
}

function byRank({ candidate: a }: WorkerQueue, { candidate: b }: WorkerQueue): number {
  const fastest = ({ speeds }: Candidate) => Math.max(0, ...speeds.values());
  return rankOf(b) - rankOf(a) || fastest(b) - fastest(a) || (a.worker < b.worker ? -1 : 1);
}

function claimOf(segment: OpenSegment, queue: WorkerQueue): Claim {
  return {
    segment: segment.segment,
    worker: queue.candidate.worker,
    expectedSeconds: queue.expect(segment),
  };
}
