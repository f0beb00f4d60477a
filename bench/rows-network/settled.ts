import { setTimeout as sleep } from 'node:timers/promises';
import type { WaitingPeers } from '../../node/job/testing/waiting-peers.ts';

/** Milliseconds between two looks. */
const interval = 3_000;
/** Looks until it is given up. */
const looks = 60;
/** Seconds of processor time that a process may use between two looks and count as quiet. */
const quiet = 1;

/**
 * Waits until the first process's node knows the bids of all workers and joining is over: what that takes is not to be
 * measured.
 *
 * @param workers how many there are
 */
export async function untilSettled(
  processes: readonly [WaitingPeers, ...WaitingPeers[]],
  workers: number,
  signal: AbortSignal,
): Promise<void> {
  let used = processes.map(() => 0);
  for (let look = 0; look < looks; look++) {
    await sleep(interval, undefined, { signal });
    const now = await Promise.all(processes.map((one) => one.ask('measure', {})));
    const isQuiet = now.every(({ cpu }, index) => cpu - (used[index] ?? 0) < quiet);
    used = now.map(({ cpu }) => cpu);
    if (isQuiet && (now[0]?.bidders ?? 0) >= workers) return;
  }
  throw new Error(`the network of ${workers} workers did not come to rest`);
}
