import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import type { Dependencies } from './dependencies.ts';
import { connectedPieces, Partition } from './partition.ts';

/**
 * Exactly `count` groups of about equal cost. The nodes are put in a row, branch after branch, and the row is
 * divided so that the costliest stretch is as cheap as it can be; a stretch that falls into pieces gives one
 * group for each, and the cheapest neighbours are then merged until `count` are left.
 *
 * @throws TesseraError `USAGE` when the model has fewer nodes than `count`, or more unconnected pieces.
 */
export function partitionByParts(
  model: Model,
  links: Dependencies,
  count: number,
  cost: readonly number[],
): Partition {
  const most = model.nodes.length;
  const least = new Set(
    connectedPieces(
      links,
      model.nodes.map(() => 0),
    ),
  ).size;
  if (count < least || count > most) {
    throw new TesseraError('USAGE', {
      message: `The model cannot be cut into ${count} parts: it has ${most} nodes in ${least} connected pieces.`,
      remedy: most === 0 ? 'There is nothing to cut.' : `Ask for ${least} to ${most} parts.`,
      details: { count, least, most },
    });
  }
  const row = branchOrder(links);
  const stretch: number[] = [];
  divide(
    row.map((node) => cost[node] ?? 0),
    count,
  ).forEach((part, position) => {
    stretch[row[position] as number] = part;
  });
  const partition = new Partition(links, connectedPieces(links, stretch));
  mergeCheapest(partition, count, cost);
  return partition;
}

/** A topological order in which a branch is finished before the next begins: every node after all it reads from. */
function branchOrder(links: Dependencies): number[] {
  const order: number[] = [];
  const entered = new Set<number>();
  links.after.forEach((readers, root) => {
    if (readers.length > 0) return;
    entered.add(root);
    const path = [{ node: root, next: 0 }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const source = links.before[top.node]?.[top.next++];
      if (source === undefined) {
        order.push(top.node);
        path.pop();
      } else if (!entered.has(source)) {
        entered.add(source);
        path.push({ node: source, next: 0 });
      }
    }
  });
  return order;
}

/** Divides a row into `count` stretches, none empty, whose greatest cost is least: per position, its stretch. */
function divide(costs: readonly number[], count: number): number[] {
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  let low = Math.max(0, ...costs);
  let high = total;
  // Costs are counts, so a bound known to within one part in 2^40 of the total cannot be bettered visibly.
  for (let step = 0; step < 40 && low < high; step++) {
    const middle = (low + high) / 2;
    if ((fill(costs, middle, 1).at(-1) ?? 0) < count) high = middle;
    else low = middle;
  }
  return fill(costs, high, count);
}

/** Fills stretches up to `bound`, and ends each early enough that `least` of them are not empty. */
function fill(costs: readonly number[], bound: number, least: number): number[] {
  let stretch = 0;
  let sum = 0;
  return costs.map((cost, position) => {
    const full = sum + cost > bound;
    const needed = costs.length - position < least - stretch;
    if (position > 0 && (full || needed)) {
      stretch += 1;
      sum = 0;
    }
    sum += cost;
    return stretch;
  });
}

function mergeCheapest(partition: Partition, count: number, cost: readonly number[]): void {
  const total = new Map(
    partition.ids.map((id) => [id, partition.nodes(id).reduce((sum, node) => sum + (cost[node] ?? 0), 0)]),
  );
  const joint = (pair: readonly [number, number]) => (total.get(pair[0]) ?? 0) + (total.get(pair[1]) ?? 0);
  while (partition.size > count) {
    const pairs = partition.ids.flatMap((from) =>
      [...partition.after(from)].map((to): [number, number] => [from, to]),
    );
    const pair = pairs.sort((a, b) => joint(a) - joint(b)).find(([from, to]) => partition.canMerge(from, to));
    if (pair === undefined) throw new RangeError('the groups that are left have no neighbours');
    const [from, to] = pair;
    total.set(from, joint(pair));
    partition.merge(to, from);
  }
}
