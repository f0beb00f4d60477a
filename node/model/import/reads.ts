import type { Draft } from '../draft.ts';
import type { ModelNode } from '../model.ts';

/** Every tensor that a node reads: its inputs, and the outer tensors of its sub-graphs. */
export function tensorsRead(node: ModelNode): string[] {
  const captures = [...node.attributes.values()].flatMap((value) =>
    value.type === 'opaque' ? value.captures : [],
  );
  return [...node.inputs.filter((name) => name !== ''), ...captures];
}

/** Outer tensors that sub-graphs read by name: such a tensor cannot be renamed. */
export function capturedTensors(draft: Draft): Set<string> {
  return new Set(
    draft.nodes.flatMap((node) =>
      [...node.attributes.values()].flatMap((value) => (value.type === 'opaque' ? value.captures : [])),
    ),
  );
}

/** How often each tensor is read, by nodes and as an output of the whole. */
export function readCounts(draft: Draft): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of [...draft.nodes.flatMap(tensorsRead), ...draft.outputs]) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Names new tensors: `base`, or the first of `base_2`, `base_3`, … that the draft does not use yet. */
export function tensorNamer(draft: Draft): (base: string) => string {
  const used = new Set([
    ...draft.inputs,
    ...draft.constants.keys(),
    ...draft.nodes.flatMap((node) => [...node.outputs, ...tensorsRead(node)]),
  ]);
  return (base) => {
    let name = base;
    for (let i = 2; used.has(name); i += 1) name = `${base}_${i}`;
    used.add(name);
    return name;
  };
}
