import leven, { closestMatch } from 'leven';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import type { Dependencies } from './dependencies.ts';
import { connectedPieces, Partition } from './partition.ts';

/**
 * Cuts at named tensors: nodes that depend on the same of these tensors belong together, each connected piece of
 * them by itself. What a node depends on only grows along the graph, so the groups form no cycle.
 *
 * @throws TesseraError `TENSOR_UNKNOWN` for a name that no node computes, `USAGE` for one where nothing can be cut
 */
export function partitionByCuts(model: Model, links: Dependencies, tensors: readonly string[]): Partition {
  for (const tensor of tensors) checkCut(model, links, tensor);
  const cuts = new Set(tensors);
  const ancestors: Set<string>[] = [];
  const labels = new Map<string, number>();
  const label = links.before.map((sources, node) => {
    const own = new Set(sources.flatMap((source) => [...(ancestors[source] ?? [])]));
    for (const tensor of cuts) {
      if (links.readers.get(tensor)?.includes(node)) own.add(tensor);
    }
    ancestors[node] = own;
    const key = JSON.stringify([...own].sort());
    const known = labels.get(key) ?? labels.size;
    labels.set(key, known);
    return known;
  });
  return new Partition(links, connectedPieces(links, label));
}

function checkCut(model: Model, links: Dependencies, tensor: string): void {
  const known = [...links.writer.keys()];
  if (!links.writer.has(tensor)) {
    const given = model.inputs.includes(tensor) || model.constants.has(tensor);
    const near = known.length === 0 ? '' : (closestMatch(tensor, known) ?? '');
    throw new TesseraError(given ? 'USAGE' : 'TENSOR_UNKNOWN', {
      message: given
        ? `Nothing computes ${tensor}, so there is nothing to cut at it`
        : `The model has no tensor ${JSON.stringify(tensor)}`,
      remedy:
        leven(tensor, near) < Math.max(4, tensor.length / 2)
          ? `Did you mean ${near}?`
          : 'tessera slice --by layer lists tensors that a model can be cut at.',
      details: { tensor },
    });
  }
  if (links.readers.get(tensor) === undefined) {
    throw new TesseraError('USAGE', {
      message: `Nothing reads ${tensor}, so there is nothing to cut at it`,
      details: { tensor },
    });
  }
}
