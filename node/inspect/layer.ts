import type { Model, ModelNode } from '../model/model.ts';
import { shapeOf, sizeOf, typeOf } from '../model/tensor-type.ts';
import { innerLength } from '../plan/cost-model/node-sizes.ts';

/** A tensor as a report shows it. */
export interface TensorShape {
  tensor: string;
  shape: readonly number[];
}

/** Operators whose constants are settings, not weights. */
const settings: ReadonlySet<string> = new Set([
  'Clip',
  'Max',
  'Min',
  'Pad',
  'Pow',
  'Resize',
  'ThresholdedRelu',
]);
/** Operators that multiply element by element. */
const products: ReadonlySet<string> = new Set(['BatchNormalization', 'Mul', 'PRelu']);

/** The constants of a node that are weights: its parameters. */
export function parameterNames(model: Model, node: ModelNode): string[] {
  if (settings.has(node.operator)) return [];
  return node.inputs.filter(
    (name) => model.constants.has(name) && (typeOf(model, name)?.element.includes('float') ?? false),
  );
}

/** Elements of these constants, each counted once. */
export function parameterCount(model: Model, names: Iterable<string>): number {
  return [...new Set(names)].reduce((sum, name) => sum + sizeOf(model, name), 0);
}

/** Multiplications of a linear or a product operator; other operators are counted as having none. */
export function multiplications(model: Model, node: ModelNode): number {
  const outputs = sizeOf(model, node.outputs[0]);
  return outputs * (products.has(node.operator) ? 1 : innerLength(model, node));
}

/** One node as a model of its own: what it computes from becomes its inputs. */
export function nodeModel(model: Model, node: ModelNode): Model {
  const names = [...node.inputs, ...node.outputs];
  return {
    ...model,
    name: node.name,
    inputs: [...new Set(node.inputs.filter((name) => model.types.has(name)))],
    outputs: node.outputs.filter((name) => name !== ''),
    nodes: [node],
    constants: new Map(
      node.inputs.flatMap((name) => {
        const constant = model.constants.get(name);
        return constant === undefined ? [] : [[name, constant] as const];
      }),
    ),
    types: new Map(
      names.flatMap((name) => {
        const type = model.types.get(name);
        return type === undefined ? [] : [[name, type] as const];
      }),
    ),
  };
}

/** The computed inputs and the outputs of a node, with their shapes. */
export function shapesOf(model: Model, names: readonly string[]): TensorShape[] {
  return names
    .filter((name) => model.types.has(name))
    .map((tensor) => ({ tensor, shape: shapeOf(model, tensor) }));
}
