import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import { partitionByCuts } from './by-cuts.ts';
import { partitionByLayer } from './by-layer.ts';
import { partitionByParts } from './by-parts.ts';
import { type Dependencies, dependencies, readsOf, writesOf } from './dependencies.ts';
import type { Partition } from './partition.ts';
import type { Strategy } from './strategy.ts';

/** A connected piece of a model that gets one proof. */
export interface SlicedSegment {
  /** Unique in the slicing; begins with the segment's place. */
  id: string;
  /** Indices into the model's nodes, ascending. */
  nodes: readonly number[];
  /** Tensors it reads that are no constants and that it does not write itself, in the order of first use. */
  inputs: readonly string[];
  /** Tensors it writes that another segment reads or that the model gives out, in the order they are written. */
  outputs: readonly string[];
}

/** A model cut into segments: every node in exactly one, and each segment after those it reads from. */
export interface Slicing {
  segments: readonly SlicedSegment[];
}

/**
 * Cuts a model into segments.
 *
 * @param costOf the cost of the node of an index, in any unit
 * @throws TesseraError `MODEL_INVALID` when no node computes one of the model's outputs, else as the strategy's own
 */
export function slice(model: Model, strategy: Strategy, costOf: (node: number) => number): Slicing {
  const links = dependencies(model);
  for (const output of model.outputs) {
    if (links.writer.has(output)) continue;
    throw new TesseraError('MODEL_INVALID', {
      message: `Output ${output} is an input or a constant: nothing is computed for it`,
      remedy: 'Export the model without this output.',
      details: { tensor: output },
    });
  }
  const groups = partition(model, links, strategy, costOf).ordered();
  const place = (index: number) => String(index + 1).padStart(String(groups.length).length, '0');
  return { segments: groups.map((nodes, index) => segmentOf(model, links, nodes, place(index), costOf)) };
}

function partition(
  model: Model,
  links: Dependencies,
  strategy: Strategy,
  costOf: (node: number) => number,
): Partition {
  switch (strategy.kind) {
    case 'layer':
      return partitionByLayer(model, links);
    case 'parts':
      return partitionByParts(
        links,
        model.nodes.map((_, node) => costOf(node)),
        strategy.count,
      );
    case 'cuts':
      return partitionByCuts(model, links, strategy.tensors);
  }
}

function segmentOf(
  model: Model,
  links: Dependencies,
  nodes: readonly number[],
  place: string,
  costOf: (node: number) => number,
): SlicedSegment {
  const own = new Set(nodes);
  const at = (node: number) => model.nodes[node];
  const reads = nodes.flatMap((node) => readsOf(at(node) ?? missing(node)));
  const writes = nodes.flatMap((node) => writesOf(at(node) ?? missing(node)));
  const main = nodes.reduce((best, node) => (costOf(node) > costOf(best) ? node : best), nodes[0] ?? 0);
  const isOutside = (name: string) => !own.has(links.writer.get(name) ?? -1) && !model.constants.has(name);
  const isWanted = (name: string) =>
    model.outputs.includes(name) || links.readers.get(name)?.some((reader) => !own.has(reader));
  return {
    id: `${place}-${at(main)?.operator.toLowerCase() ?? 'segment'}`,
    nodes,
    inputs: [...new Set(reads.filter(isOutside))],
    outputs: writes.filter(isWanted),
  };
}

function missing(node: number): never {
  throw new TesseraError('INTERNAL', { message: `The model has no node ${node}` });
}
