import type { Draft } from '../draft.ts';

/** Gives every node a name of its own: the one it has if no node before has it, else operator and number. */
export function nameNodes(draft: Draft): Draft {
  const given = new Set(draft.nodes.map((node) => node.name));
  const used = new Set<string>();
  const nodes = draft.nodes.map((node, index) => {
    let name = node.name;
    for (let i = index; name === '' || used.has(name); i += draft.nodes.length) {
      const made = `${node.operator}_${i}`;
      name = given.has(made) ? '' : made;
    }
    used.add(name);
    return { ...node, name };
  });
  return { ...draft, nodes };
}
