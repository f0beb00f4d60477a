import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import type { Dependencies } from './dependencies.ts';
import { connectedPieces, Partition } from './partition.ts';

/**
 * The groups that are named node by node.
 *
 * @param segments indices into the model's nodes
 * @throws TesseraError `USAGE` unless they hold every node once, each is connected, and none waits for another in a circle
 */
export function partitionBySegments(
  model: Model,
  links: Dependencies,
  segments: readonly (readonly number[])[],
): Partition {
  const wrong = (message: string) =>
    new TesseraError('USAGE', {
      message,
      remedy: 'Let the plan find the segments: give auto, memory=SIZE or rows=N.',
    });
  const label = new Array<number>(model.nodes.length).fill(-1);
  for (const [index, nodes] of segments.entries()) {
    for (const node of nodes) {
      if (model.nodes[node] === undefined)
        throw wrong(`The model has ${label.length} nodes, none of number ${node}.`);
      if (label[node] !== -1) throw wrong(`Node ${node} (${model.nodes[node].name}) is in two segments.`);
      label[node] = index;
    }
  }
  const left = label.indexOf(-1);
  if (left >= 0) throw wrong(`Node ${left} (${model.nodes[left]?.name}) is in no segment.`);
  if (new Set(connectedPieces(links, label)).size > segments.length)
    throw wrong('A segment is not connected.');
  const partition = new Partition(links, label);
  if (partition.ordered().length < segments.length)
    throw wrong('The segments wait for one another in a circle.');
  return partition;
}
