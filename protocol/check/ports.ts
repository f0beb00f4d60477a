import { sameType } from '../edge.ts';
import type { BlockRef, Graph } from '../graph.ts';
import type { Circuit, Manifest } from '../manifest.ts';
import type { Problem } from '../problem.ts';

/** Every segment's blocks have exactly the types of its circuit's ports, and every circuit has a segment. */
export function checkPorts({ graph, circuits }: Manifest): Problem[] {
  const problems: Problem[] = [];
  const used = new Set<number>();
  for (const segment of graph.segments) {
    const circuit = circuits[segment.circuit];
    used.add(segment.circuit);
    if (circuit === undefined) {
      const message = `${segment.id} names circuit ${segment.circuit}, which does not exist`;
      problems.push({ code: 'REFERENCE_UNKNOWN', message, segment: segment.id });
      continue;
    }
    for (const side of ['inputs', 'outputs'] as const) {
      problems.push(...mismatches(graph, circuit, segment.id, side, segment[side]));
    }
  }
  for (const index of circuits.keys()) {
    if (!used.has(index)) {
      problems.push({ code: 'CIRCUIT_UNUSED', message: `no segment uses circuit ${index}` });
    }
  }
  return problems;
}

function mismatches(
  graph: Graph,
  circuit: Circuit,
  segment: string,
  side: 'inputs' | 'outputs',
  refs: readonly BlockRef[],
): Problem[] {
  const ports = circuit[side];
  if (ports.length !== refs.length) {
    const message = `${segment} joins ${refs.length} ${side} where its circuit has ${ports.length}`;
    return [{ code: 'PORTS_MISMATCH', message, segment }];
  }
  return refs.flatMap(({ edge: index, block }, port): Problem[] => {
    const edge = graph.edges[index];
    const box = edge?.blocks[block];
    const type = ports[port];
    if (edge === undefined || box === undefined || type === undefined) return [];
    if (sameType({ ...edge.type, shape: box.size }, type)) return [];
    const message = `${segment}: its port ${port} of ${side} has another type than ${edge.name}`;
    return [{ code: 'PORTS_MISMATCH', message, segment, edge: edge.name }];
  });
}
