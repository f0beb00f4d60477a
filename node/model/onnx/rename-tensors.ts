import type { GraphMessage } from './schema.ts';

/** Renames tensors in a graph and in the graphs inside it, which see the outer names. */
export function renameTensors(graph: GraphMessage, names: ReadonlyMap<string, string>): void {
  const renamed = (name: string): string => names.get(name) ?? name;
  for (const value of [...graph.initializer, ...graph.output, ...graph.valueInfo])
    value.name = renamed(value.name);
  for (const node of graph.node) {
    node.input = node.input.map(renamed);
    node.output = node.output.map(renamed);
    for (const { g, graphs } of node.attribute) {
      for (const inner of [...(g ? [g] : []), ...graphs]) renameTensors(inner, names);
    }
  }
}
