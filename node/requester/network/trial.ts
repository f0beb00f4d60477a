/**
 * What false identities can cost a job. They are free, and so are their bids: a peer is on trial until it has delivered
 * more than it left undone, whatever it says of itself, and three rules bound what peers on trial can do.
 *
 * 1. Who has kept `k` assignments more than it broke holds at most `2 (1 + k)` segments at once ({@link allowanceOf}).
 * 2. A segment that only peers on trial have goes to a proven worker as well, once it has been out for `trial` seconds
 *    and those that this worker takes for it ({@link isFreeFor}). That time counts from when the segment was first given
 *    out; no further identity sets it back. So in a whole job a proven worker waits for no more than `trial` and one
 *    segment: the job ends no later than that after the proven workers alone would have ended it, however many false
 *    identities there are.
 * 3. A segment that no proven worker has may be with `2^n` peers on trial at once after `n` rounds of `trial` and the
 *    seconds that it takes on the reference machine ({@link trialsAt}), and those come first that broke least, and of
 *    these those that were met: names that are only heard of can be made by the thousand, connections cannot. Of `N` false
 *    identities that are met and seem better than an honest worker, and `S` segments, the honest one has a segment after
 *    ⌈log2(2 N / S + 1)⌉ rounds at most, and is proven when it delivers. That holds for fewer than `S maxTrials / 2`
 *    false identities; more are through, so many at a time, as their assignments lapse.
 *
 * What is with several is proven by several at worst, and the first proof counts. An attacker that wants more has to
 * prove: every proof that it delivers lets it hold two segments more, and break one before it is on trial again.
 */
import { referenceUnitsPerSecond } from '../../plan/cost-model/units.ts';
import type { Candidate, OpenSegment } from './claim-policy.ts';

/** Peers on trial that may have one segment at once. */
export const maxTrials = 64;

/** How a worker has kept its assignments. */
type WorkRecord = Candidate['record'];

/** What a worker kept more than it broke; below 0 where it broke more. */
export function standingOf({ kept, broken }: WorkRecord): number {
  return kept - broken;
}

/** Whether a worker has shown that it proves. */
export function isProven(record: WorkRecord): boolean {
  return standingOf(record) > 0;
}

/** Segments that a worker may hold at once. */
export function allowanceOf(record: WorkRecord): number {
  return 2 * (1 + Math.max(0, standingOf(record)));
}

/**
 * Whether a proven worker may have a segment that no other proven worker has.
 *
 * @param seconds that it would take
 * @param trial seconds
 */
export function isFreeFor({ given }: Pick<OpenSegment, 'given'>, seconds: number, trial: number): boolean {
  return given === undefined || given.holders.length === 0 || given.seconds >= trial + seconds;
}

/** How many peers on trial may have a segment at once. @param trial seconds */
export function trialsAt({ given, units }: Pick<OpenSegment, 'given' | 'units'>, trial: number): number {
  const rounds = Math.floor((given?.seconds ?? 0) / (trial + units / referenceUnitsPerSecond));
  return Math.min(maxTrials, 2 ** rounds);
}
