import { dropDead } from '../../model/import/order.ts';
import type { Constant, Model, ModelNode, TensorType } from '../../model/model.ts';
import type { GraphView } from './graph-view.ts';

/** What a rule does to a model. */
export interface Replacement {
  /** Nodes that go. */
  remove: readonly ModelNode[];
  /** What comes in the place of the last of them, in order. */
  insert: readonly ModelNode[];
  types?: ReadonlyMap<string, TensorType>;
  constants?: ReadonlyMap<string, Constant>;
  /** Tensors that get another name wherever they are written or read. */
  rename?: ReadonlyMap<string, string>;
}

/** One exact simplification: looks at a node, and says what to put in its place, if anything. */
export interface Rule {
  name: string;
  match(view: GraphView, node: ModelNode): Replacement | undefined;
}

export function replace(model: Model, replacement: Replacement): Model {
  const { remove, insert, types = new Map(), constants = new Map(), rename = new Map() } = replacement;
  const gone = new Set(remove);
  const last = model.nodes.findLastIndex((node) => gone.has(node));
  const current = (name: string): string => rename.get(name) ?? name;
  const nodes = model.nodes
    .flatMap((node, index) => [...(index === last ? insert : []), ...(gone.has(node) ? [] : [node])])
    .map((node) =>
      rename.size === 0
        ? node
        : { ...node, inputs: node.inputs.map(current), outputs: node.outputs.map(current) },
    );
  const changed = {
    ...model,
    nodes,
    types: new Map([...model.types, ...types]),
    constants: new Map([...model.constants, ...constants]),
  };
  return { ...changed, ...alive(changed) };
}

/** The parts of a model that an output depends on. Its inputs stay: they are what the model is given. */
function alive(model: Model): Pick<Model, 'nodes' | 'constants' | 'types'> {
  const { nodes, constants } = dropDead(model);
  const named = new Set([...model.inputs, ...nodes.flatMap(({ outputs }) => outputs)]);
  return { nodes, constants, types: new Map([...model.types].filter(([name]) => named.has(name))) };
}

/** Takes out a node that hands its first input on unchanged; `undefined` where both tensors must stay. */
export function bypass(view: GraphView, node: ModelNode): Replacement | undefined {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  if (!view.isHeld(output)) return { remove: [node], insert: [], rename: new Map([[output, input]]) };
  const type = view.type(output);
  if (view.isHeld(input) || view.writer(input) === undefined || type === undefined) return undefined;
  return { remove: [node], insert: [], rename: new Map([[input, output]]), types: new Map([[output, type]]) };
}
