import type { Constant, Model, ModelNode, TensorType } from '../model.ts';
import { readsOf, writesOf } from './dependencies.ts';
import type { SlicedSegment } from './slice.ts';

/** A segment as a model of its own, with its constants only; inputs, outputs and all tensors keep their names. */
export function segmentModel(model: Model, segment: SlicedSegment): Model {
  const nodes = segment.nodes.map((index) => model.nodes[index]).filter((node): node is ModelNode => !!node);
  const names = new Set([...segment.inputs, ...nodes.flatMap((node) => [...readsOf(node), ...writesOf(node)])]);
  const only = <T extends Constant | TensorType>(from: ReadonlyMap<string, T>) =>
    new Map([...from].filter(([name]) => names.has(name)));
  return {
    ...model,
    name: segment.id,
    inputs: segment.inputs,
    outputs: segment.outputs,
    nodes,
    constants: only(model.constants),
    types: only(model.types),
  };
}
