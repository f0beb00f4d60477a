import type { Model, ModelNode } from '../model.ts';
import { type Dependencies, readsOf, writesOf } from './dependencies.ts';

/** Some of a model's nodes, and the tensors by which they are joined to the rest. */
export interface Boundary {
  /** Indices into the model's nodes, ascending. */
  nodes: readonly number[];
  /** Tensors they read that are neither their own nor constants, in the order they are first read. */
  inputs: readonly string[];
  /** Tensors they write that other nodes or the model's outputs need, in the order they are written. */
  outputs: readonly string[];
}

export function boundaryOf(
  model: Pick<Model, 'nodes' | 'constants' | 'outputs'>,
  links: Dependencies,
  nodes: readonly number[],
): Boundary {
  const own = new Set(nodes);
  const members = nodes.map((node) => model.nodes[node] as ModelNode);
  const reads = new Set(members.flatMap(readsOf));
  return {
    nodes,
    inputs: [...reads].filter((tensor) => {
      const writer = links.writer.get(tensor);
      return !model.constants.has(tensor) && (writer === undefined || !own.has(writer));
    }),
    outputs: members
      .flatMap(writesOf)
      .filter(
        (tensor) =>
          model.outputs.includes(tensor) || links.readers.get(tensor)?.some((reader) => !own.has(reader)),
      ),
  };
}
