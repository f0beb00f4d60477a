import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WaitingPeers } from '../../node/job/testing/waiting-peers.ts';

/** Milliseconds between two looks. */
const interval = 3_000;
/** Looks until it is given up. */
const looks = 40;
/** The share of the machine's processor time below which joining may be over. */
const quietShare = 0.5;
/** A use of less than this share of the one before shows that something is still coming to its end. */
const fallingShare = 0.8;

/**
 * Waits until the first process's node knows the bids of all workers and joining is over: what that takes is not to be
 * measured. It is over when the processes take little of the machine, and no longer less from look to look: what
 * remains is what so many nodes take when nothing happens.
 *
 * @param workers how many there are
 * @throws Error where bids are missing at the end
 */
export async function untilSettled(
  processes: readonly [WaitingPeers, ...WaitingPeers[]],
  workers: number,
  signal: AbortSignal,
): Promise<void> {
  let total = 0;
  let before = Number.POSITIVE_INFINITY;
  let bidders = 0;
  for (let look = 0; look < looks; look++) {
    await sleep(interval, undefined, { signal });
    const now = await Promise.all(processes.map((one) => one.ask('measure', {})));
    const sum = now.reduce((seconds, { cpu }) => seconds + cpu, 0);
    const used = (sum - total) / (interval / 1_000);
    bidders = now[0]?.bidders ?? 0;
    const isQuiet = used < quietShare * availableParallelism() && used >= fallingShare * before;
    if (isQuiet && bidders >= workers) return;
    [total, before] = [sum, used];
  }
  if (bidders < workers) throw new Error(`only ${bidders} of ${workers} workers bid`);
}
