import { TesseraError } from '../../../protocol/errors.ts';
import type { Model, ModelNode, TensorType } from '../model.ts';
import { typeOf } from '../tensor-type.ts';
import { type Boundary, boundaryOf } from './boundary.ts';
import { partitionByCuts } from './by-cuts.ts';
import { layerOperators, partitionByLayer } from './by-layer.ts';
import { partitionByParts } from './by-parts.ts';
import { partitionBySegments } from './by-segments.ts';
import { type Dependencies, dependencies } from './dependencies.ts';
import type { Partition } from './partition.ts';
import type { DirectStrategy } from './strategy.ts';

/** A connected piece of a model. */
export interface Segment extends Boundary {
  /**
   * Unique in the slicing, whatever its case; letters, digits, `.`, `_` and `-` only; never one of the words that name
   * the other ends of edges.
   */
  id: string;
}

/** A tensor between segments, or an input or output of the whole. */
export interface SliceEdge {
  tensor: string;
  type: TensorType;
  /** Index of the segment that writes it; `input` if the model is given it; `constant` for an output that never changes. */
  from: number | 'input' | 'constant';
  /** Indices of the segments that read it, and `output` if it is a result of the model. */
  to: readonly (number | 'output')[];
}

/** A model cut into segments: each node lies in exactly one, and the graph of segments has no cycle. */
export interface Slicing {
  /** In topological order. */
  segments: readonly Segment[];
  /** Inputs of the model first, then in the order the segments write them. */
  edges: readonly SliceEdge[];
}

/**
 * Cuts a model into segments. Any DAG will do: the way around a cut is cut too where the pieces would
 * otherwise wait for one another.
 *
 * @param model tiled, if the strategy has tiles: see `sliceTiled`
 * @param costOf a node's estimated cost, in any unit; `parts` balances it.
 * @throws TesseraError `USAGE` for parts or segments that are not possible, `TENSOR_UNKNOWN` for a cut at no
 * tensor of the model, `MODEL_INVALID` when the model's nodes are not in topological order.
 */
export function slice(model: Model, strategy: DirectStrategy, costOf: (node: ModelNode) => number): Slicing {
  const links = dependencies(model);
  const groups = partition(model, links, strategy, costOf).ordered();
  const ids = segmentIds(model, groups);
  const segments = groups.map(
    (nodes, index): Segment => ({ id: ids[index] as string, ...boundaryOf(model, links, nodes) }),
  );
  return { segments, edges: edgesOf(model, segments) };
}

function partition(
  model: Model,
  links: Dependencies,
  strategy: DirectStrategy,
  costOf: (node: ModelNode) => number,
): Partition {
  switch (strategy.kind) {
    case 'layer':
      return partitionByLayer(model, links);
    case 'parts':
      return partitionByParts(model, links, strategy.count, model.nodes.map(costOf));
    case 'cuts':
      return partitionByCuts(model, links, strategy.tensors);
    case 'segments':
      return partitionBySegments(model, links, strategy.segments);
  }
}

/** What an edge may come from or go to besides segments. */
const otherEnds = ['input', 'output', 'constant'] as const;

/** A segment is called after its first layer, or its first node if it has none. */
function segmentIds(model: Model, groups: readonly (readonly number[])[]): string[] {
  const taken = new Set<string>(otherEnds);
  return groups.map((nodes) => {
    const members = nodes.map((node) => model.nodes[node] as ModelNode);
    const name = (members.find((node) => layerOperators.has(node.operator)) ?? members[0])?.name ?? '';
    const readable = name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
    const base = readable.slice(0, 48) || 'segment';
    let id = base;
    for (let copy = 2; taken.has(id.toLowerCase()); copy++) id = `${base}-${copy}`;
    taken.add(id.toLowerCase());
    return id;
  });
}

function edgesOf(model: Model, segments: readonly Segment[]): SliceEdge[] {
  const readers = new Map<string, (number | 'output')[]>();
  const addReader = (tensor: string, reader: number | 'output') => {
    readers.set(tensor, [...(readers.get(tensor) ?? []), reader]);
  };
  segments.forEach(({ inputs }, index) => {
    for (const tensor of inputs) addReader(tensor, index);
  });
  for (const tensor of new Set(model.outputs)) addReader(tensor, 'output');
  const edge = (tensor: string, from: SliceEdge['from']): SliceEdge => {
    const type = typeOf(model, tensor);
    if (type === undefined) {
      throw new TesseraError('MODEL_INVALID', {
        message: `The type of tensor ${tensor} is not known.`,
        remedy: 'Import the model again from its file.',
        details: { tensor },
      });
    }
    return { tensor, type, from, to: readers.get(tensor) ?? [] };
  };
  return [
    ...model.inputs.map((tensor) => edge(tensor, 'input')),
    ...model.outputs
      .filter((tensor) => model.constants.has(tensor))
      .map((tensor) => edge(tensor, 'constant')),
    ...segments.flatMap(({ outputs }, index) => outputs.map((tensor) => edge(tensor, index))),
  ];
}
