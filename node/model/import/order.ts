import { TesseraError } from '../../../protocol/errors.ts';
import type { Draft } from '../draft.ts';
import type { ModelNode } from '../model.ts';
import { tensorsRead } from './reads.ts';

/**
 * Puts the nodes in topological order, keeping the given order where it is free.
 * @throws TesseraError MODEL_INVALID when nodes wait for one another.
 */
export function orderNodes(draft: Draft): Draft {
  const producer = producers(draft);
  const readers = new Map<ModelNode, ModelNode[]>();
  const waiting = new Map<ModelNode, number>();
  for (const node of draft.nodes) {
    const sources = new Set(tensorsRead(node).flatMap((name) => producer.get(name) ?? []));
    waiting.set(node, sources.size);
    for (const source of sources) {
      const list = readers.get(source);
      if (list === undefined) readers.set(source, [node]);
      else list.push(node);
    }
  }
  const nodes = draft.nodes.filter((node) => waiting.get(node) === 0);
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[i];
    if (node === undefined) break;
    for (const reader of readers.get(node) ?? []) {
      const left = (waiting.get(reader) ?? 0) - 1;
      waiting.set(reader, left);
      if (left === 0) nodes.push(reader);
    }
  }
  if (nodes.length < draft.nodes.length) {
    const ready = new Set(nodes);
    const stuck = draft.nodes.filter((node) => !ready.has(node)).map((node) => node.name || node.operator);
    throw new TesseraError('MODEL_INVALID', {
      message: `The graph has a cycle among the nodes ${stuck.slice(0, 10).join(', ')}.`,
      remedy: 'ONNX graphs have no cycles; export the model again.',
      details: { nodes: stuck.slice(0, 10) },
    });
  }
  return { ...draft, nodes };
}

/** Drops the nodes, constants and types that no output depends on. */
export function dropDead(draft: Draft): Draft {
  const producer = producers(draft);
  const alive = new Set<ModelNode>();
  const needed = new Set<string>(draft.outputs);
  for (const name of needed) {
    const node = producer.get(name);
    if (node === undefined || alive.has(node)) continue;
    alive.add(node);
    for (const read of tensorsRead(node)) needed.add(read);
  }
  const nodes = draft.nodes.filter((node) => alive.has(node));
  const kept = new Set([...draft.inputs, ...nodes.flatMap((node) => node.outputs)]);
  return {
    ...draft,
    nodes,
    constants: new Map([...draft.constants].filter(([name]) => needed.has(name))),
    types: new Map([...draft.types].filter(([name]) => kept.has(name))),
  };
}

function producers(draft: Draft): Map<string, ModelNode> {
  return new Map(
    draft.nodes.flatMap((node) => node.outputs.filter((name) => name !== '').map((name) => [name, node])),
  );
}
