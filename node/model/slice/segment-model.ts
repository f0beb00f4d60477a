import type { Constant, Model, ModelNode, TensorType } from '../model.ts';
import { readsOf, writesOf } from './dependencies.ts';
import type { Segment } from './slice.ts';

/**
 * A segment as a model of its own, with only the constants and types it needs. Its inputs and outputs are the
 * segment's, in the same order and under the names they have in the whole model.
 */
export function segmentModel(model: Model, segment: Segment): Model {
  const nodes = segment.nodes.map((index) => model.nodes[index] as ModelNode);
  const constants = new Map<string, Constant>();
  const types = new Map<string, TensorType>();
  for (const tensor of [
    ...segment.inputs,
    ...nodes.flatMap((node) => [...readsOf(node), ...writesOf(node)]),
  ]) {
    const constant = model.constants.get(tensor);
    const type = model.types.get(tensor);
    if (constant !== undefined) constants.set(tensor, constant);
    else if (type !== undefined) types.set(tensor, type);
  }
  return {
    name: segment.id,
    irVersion: model.irVersion,
    opsets: model.opsets,
    inputs: segment.inputs,
    outputs: segment.outputs,
    nodes,
    constants,
    types,
  };
}

/** The outputs of a model that never change, as a model without inputs and nodes; `undefined` if there are none. */
export function constantResults(model: Model): Model | undefined {
  const outputs = model.outputs.filter((name) => model.constants.has(name));
  if (outputs.length === 0) return undefined;
  return {
    ...model,
    name: `${model.name}-constants`,
    inputs: [],
    outputs,
    nodes: [],
    constants: new Map([...model.constants].filter(([name]) => outputs.includes(name))),
    types: new Map(),
  };
}
