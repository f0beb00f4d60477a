import { type Dependencies, type Limits, Partition } from '../../model/slice/index.ts';
import { fits, type GroupEstimator, type SegmentEstimate } from './estimator.ts';

/** Two neighbours as one: what is saved, in seconds, and what the one takes. */
interface Merger {
  from: number;
  to: number;
  saving: number;
  estimate: SegmentEstimate;
}

/**
 * Merges neighbours, those first that save most time, as long as the merged segment obeys the limits and takes no
 * more time than the two apart.
 *
 * @param label per node, the group it starts in; a prover supports each, and the graph of groups has no cycle
 * @param alone groups that stay by themselves
 * @returns the groups' nodes, in a topological order of the groups; the same for the same arguments
 */
export function mergeWhileCheaper(
  links: Dependencies,
  label: readonly number[],
  alone: ReadonlySet<number>,
  limits: Limits,
  estimate: GroupEstimator,
): number[][] {
  const partition = new Partition(links, label);
  const seconds = new Map(
    partition.ids
      .filter((id) => !alone.has(id))
      .map((id) => [id, estimate(partition.nodes(id))?.seconds ?? 0]),
  );
  /** By group and group it feeds; forgotten when one of the two changes. */
  const mergers = new Map<number, Map<number, Merger | undefined>>();

  const consider = (from: number, to: number): Merger | undefined => {
    const [before, after] = [seconds.get(from), seconds.get(to)];
    if (before === undefined || after === undefined) return undefined;
    const nodes = [...partition.nodes(from), ...partition.nodes(to)].sort((a, b) => a - b);
    const together = estimate(nodes);
    if (together === undefined || !fits(together, limits)) return undefined;
    const saving = before + after - together.seconds;
    return saving < 0 ? undefined : { from, to, saving, estimate: together };
  };
  const candidates = (): Merger[] =>
    partition.ids.flatMap((from) => {
      const known = mergers.get(from) ?? new Map<number, Merger | undefined>();
      mergers.set(from, known);
      return [...partition.after(from)].flatMap((to) => {
        if (!known.has(to)) known.set(to, consider(from, to));
        return known.get(to) ?? [];
      });
    });

  for (;;) {
    const best = candidates()
      .sort((a, b) => b.saving - a.saving || a.from - b.from || a.to - b.to)
      .find(({ from, to }) => partition.canMerge(from, to));
    if (best === undefined) return partition.ordered();
    const { from, to } = best;
    partition.merge(to, from);
    seconds.set(from, best.estimate.seconds);
    seconds.delete(to);
    mergers.delete(from);
    mergers.delete(to);
    for (const known of mergers.values()) {
      known.delete(from);
      known.delete(to);
    }
  }
}
