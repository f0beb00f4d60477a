/**
 * When the last of several peers is done, if each takes the longest task that is left as soon as it is free: list
 * scheduling, at most 4/3 of the best (Graham 1969, https://doi.org/10.1137/0117039).
 *
 * @param seconds of tasks that wait for nothing: once a model is executed, all its segments can be proven at once
 */
export function makespan(seconds: readonly number[], peers: number): number {
  if (!Number.isInteger(peers) || peers < 1) throw new RangeError(`${peers} peers prove nothing`);
  const free = new Array<number>(peers).fill(0);
  for (const task of seconds.toSorted((a, b) => b - a)) {
    const first = free.indexOf(Math.min(...free));
    free[first] = (free[first] as number) + task;
  }
  return Math.max(...free);
}
