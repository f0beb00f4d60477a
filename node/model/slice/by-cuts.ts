import leven from 'leven';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import { type Dependencies, readsOf } from './dependencies.ts';
import { connectedPieces, Partition } from './partition.ts';

/**
 * The fewest groups that keep the writer of each named tensor apart from its readers. What lies after a cut
 * is apart from what lies before it, so a path around a named tensor is cut too where it passes the cut.
 * Cutting at an input or output of the model changes nothing: it is an edge already.
 *
 * @throws TesseraError `TENSOR_UNKNOWN` for a name that no computed tensor has, with the nearest ones.
 */
export function partitionByCuts(model: Model, links: Dependencies, tensors: readonly string[]): Partition {
  const cuts = new Set(tensors);
  for (const tensor of cuts) if (!model.types.has(tensor)) throw unknownTensor(model, tensor);
  const stage: number[] = [];
  const cutBetween = new Set<string>();
  model.nodes.forEach((node, index) => {
    const stages = readsOf(node).map((tensor) => {
      const writer = links.writer.get(tensor);
      if (writer === undefined) return 0;
      if (!cuts.has(tensor)) return stage[writer] ?? 0;
      cutBetween.add(`${writer} ${index}`);
      return (stage[writer] ?? 0) + 1;
    });
    stage.push(Math.max(0, ...stages));
  });
  const partition = new Partition(links, connectedPieces(links, stage));
  mergeUncut(partition, cutBetween);
  return partition;
}

/** Merges neighbours that no cut separates, so that a side branch is not cut only because it is short. */
function mergeUncut(partition: Partition, cutBetween: ReadonlySet<string>): void {
  const pairs = [...cutBetween].map((pair) => pair.split(' ').map(Number));
  const isCut = (from: number, to: number) => {
    const [sources, targets] = [new Set(partition.nodes(from)), new Set(partition.nodes(to))];
    return pairs.some(([source, target]) => sources.has(source ?? -1) && targets.has(target ?? -1));
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const from of partition.ids) {
      if (!partition.ids.includes(from)) continue;
      const to = [...partition.after(from)].find((id) => !isCut(from, id) && partition.canMerge(from, id));
      if (to === undefined) continue;
      partition.merge(to, from);
      changed = true;
    }
  }
}

function unknownTensor(model: Model, tensor: string): TesseraError {
  const near = [...model.types.keys()]
    .map((name) => ({ name, distance: leven(name, tensor, { maxDistance: 64 }) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
  const constant = model.constants.has(tensor);
  return new TesseraError('TENSOR_UNKNOWN', {
    message: constant
      ? `Tensor ${tensor} is a constant, so there is nothing to cut there.`
      : `The imported model has no tensor ${tensor}.`,
    remedy: near.length === 0 ? 'The model computes no tensors.' : `Did you mean ${near.join(', ')}?`,
    details: { tensor, near },
  });
}
