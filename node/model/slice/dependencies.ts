import { TesseraError } from '../../../protocol/errors.ts';
import type { Model, ModelNode } from '../model.ts';

/** Which nodes feed which: the nodes of a model as a DAG of indices. */
export interface Dependencies {
  /** Index of the node that writes a tensor; inputs and constants have none. */
  writer: ReadonlyMap<string, number>;
  /** Indices of the nodes that read a tensor, ascending; each once. */
  readers: ReadonlyMap<string, readonly number[]>;
  /** Per node, the nodes it reads from and the nodes that read from it; each once. */
  before: readonly (readonly number[])[];
  after: readonly (readonly number[])[];
}

/** The tensors a node reads, constants included and each once; what its sub-graphs capture counts too. */
export function readsOf(node: ModelNode): string[] {
  const captured = [...node.attributes.values()].flatMap((attribute) =>
    attribute.type === 'opaque' ? attribute.captures : [],
  );
  return [...new Set([...node.inputs.filter((name) => name !== ''), ...captured])];
}

/** The tensors a node writes; optional outputs that are left out are skipped. */
export function writesOf(node: ModelNode): string[] {
  return node.outputs.filter((name) => name !== '');
}

/**
 * Finds the links between a model's nodes.
 * @throws TesseraError `MODEL_INVALID` when a tensor is written twice, or read before anything has written it.
 */
export function dependencies(model: Model): Dependencies {
  const writer = new Map<string, number>();
  const readers = new Map<string, number[]>();
  const before: number[][] = [];
  const after: number[][] = model.nodes.map(() => []);
  const given = new Set([...model.inputs, ...model.constants.keys()]);
  model.nodes.forEach((node, index) => {
    const sources = new Set<number>();
    for (const tensor of readsOf(node)) {
      const source = writer.get(tensor);
      if (source !== undefined) sources.add(source);
      else if (!given.has(tensor)) {
        throw new TesseraError('MODEL_INVALID', {
          message: `Node ${node.name} reads tensor ${tensor}, which nothing before it writes.`,
          remedy: 'Import the model again from its file.',
          details: { node: node.name, tensor },
        });
      }
      const reading = readers.get(tensor);
      if (reading === undefined) readers.set(tensor, [index]);
      else reading.push(index);
    }
    before.push([...sources]);
    for (const source of sources) after[source]?.push(index);
    for (const tensor of writesOf(node)) {
      if (writer.has(tensor) || given.has(tensor)) {
        throw new TesseraError('MODEL_INVALID', {
          message: `Node ${node.name} writes tensor ${tensor}, which already has a value.`,
          remedy: 'Import the model again from its file.',
          details: { node: node.name, tensor },
        });
      }
      writer.set(tensor, index);
    }
  });
  return { writer, readers, before, after };
}
