import type { Graph } from '../../protocol/graph.ts';
import type { AuditProblem } from './problem.ts';

/** Which tensors join which segments. */
export interface Wiring {
  segments: readonly { id: string; inputs: readonly string[]; outputs: readonly string[] }[];
  /** Input and output tensors of the whole. */
  inputs: readonly string[];
  outputs: readonly string[];
}

/**
 * Holds a stated graph against the segments of a slicing: by the segments' ids and the tensors' names, which are
 * known before anything is compiled.
 */
export function compareWiring(graph: Graph, wiring: Wiring): AuditProblem[] {
  const nameOf = (edge: number) => graph.edges[edge]?.name;
  const stated = new Map(graph.segments.map((segment) => [segment.id, segment]));
  const expected = new Set(wiring.segments.map(({ id }) => id));
  const crossing = new Set(wiring.segments.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const problems: AuditProblem[] = [];

  for (const { id } of graph.segments.filter(({ id }) => !expected.has(id))) {
    problems.push({
      code: 'SEGMENT_DIFFERS',
      message: `${id} is no segment of the model under the recipe`,
      segment: id,
    });
  }
  for (const segment of wiring.segments) {
    const { id } = segment;
    const found = stated.get(id);
    if (found === undefined) {
      problems.push({
        code: 'SEGMENT_DIFFERS',
        message: `the recipe gives a segment ${id}, which the manifest lacks`,
        segment: id,
      });
      continue;
    }
    for (const side of ['inputs', 'outputs'] as const) {
      const names = found[side].map(({ edge }) => nameOf(edge));
      const difference = namesDifference(names, segment[side]);
      if (difference === undefined) continue;
      problems.push({ code: 'WIRING_DIFFERS', message: `${id}: its ${side} are ${difference}`, segment: id });
    }
  }
  for (const side of ['inputs', 'outputs'] as const) {
    const difference = namesDifference(
      graph[side].map(nameOf),
      wiring[side].filter((name) => crossing.has(name)),
    );
    if (difference === undefined) continue;
    problems.push({ code: 'WIRING_DIFFERS', message: `the ${side} of the whole are ${difference}` });
  }
  return problems;
}

/** How two lists of names differ, in words; `undefined` when they are the same. */
function namesDifference(
  stated: readonly (string | undefined)[],
  expected: readonly string[],
): string | undefined {
  const [said, due] = [JSON.stringify(stated), JSON.stringify(expected)];
  return said === due ? undefined : `${said}; the recipe gives ${due}`;
}
