import { TesseraError } from '../../../protocol/errors.ts';
import type { Dependencies } from './dependencies.ts';
import { Partition } from './partition.ts';

/**
 * `count` groups of about equal cost: of all groups that feed one another, those two that are cheapest together are
 * merged, until no more than `count` are left.
 *
 * @param costs of each node, in one unit
 * @throws TesseraError `USAGE` when the model has fewer nodes, or more unconnected pieces, than parts
 */
export function partitionByParts(links: Dependencies, costs: readonly number[], count: number): Partition {
  const partition = new Partition(
    links,
    costs.map((_, node) => node),
  );
  if (partition.size < count) throw impossible(count, `it has only ${partition.size} nodes`, partition.size);
  const costOf = new Map(costs.map((cost, node) => [node, cost]));
  const cost = (id: number) => costOf.get(id) ?? 0;
  while (partition.size > count) {
    const pairs = partition.ids
      .flatMap((from) => [...partition.after(from)].map((to) => ({ from, to, cost: cost(from) + cost(to) })))
      .sort((a, b) => a.cost - b.cost || a.from - b.from || a.to - b.to);
    const cheapest = pairs.find(({ from, to }) => partition.canMerge(from, to));
    if (cheapest === undefined) {
      throw impossible(count, `it consists of ${partition.size} unconnected pieces`, partition.size);
    }
    partition.merge(cheapest.from, cheapest.to);
    costOf.set(cheapest.to, cheapest.cost);
  }
  return partition;
}

function impossible(count: number, why: string, possible: number): TesseraError {
  return new TesseraError('USAGE', {
    message: `The model cannot be cut into ${count} parts: ${why}`,
    remedy: `Choose parts=${possible}.`,
    details: { parts: count, possible },
  });
}
