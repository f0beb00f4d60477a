import { type Box, type EdgeType, sameType } from '../../protocol/edge.ts';
import type { Graph } from '../../protocol/graph.ts';
import type { Circuit } from '../../protocol/manifest.ts';
import { typeDifference } from '../requester/graph.ts';
import type { AuditProblem } from './problem.ts';

/** Holds stated edges against the rebuilt ones, by name. */
export function compareEdges(stated: Graph, rebuilt: Graph): AuditProblem[] {
  const problems: AuditProblem[] = [];
  const differs = (edge: string, message: string) =>
    problems.push({ code: 'EDGE_DIFFERS', message: `edge ${edge} ${message}`, edge });
  const due = new Map(rebuilt.edges.map((edge) => [edge.name, edge]));
  const names = new Set(stated.edges.map(({ name }) => name));
  for (const { name, type, blocks } of stated.edges) {
    const expected = due.get(name);
    if (expected === undefined) {
      differs(name, 'is none that the recipe gives');
      continue;
    }
    const difference = inWords(type, expected.type);
    if (difference !== undefined) differs(name, difference);
    if (blocksText(blocks) !== blocksText(expected.blocks)) {
      differs(name, 'has other blocks than the recipe gives');
    }
  }
  for (const name of due.keys()) if (!names.has(name)) differs(name, 'is missing');
  return problems;
}

/** Holds the circuit that each stated segment is assigned against the rebuilt segment's. */
export function compareAssignment(stated: Graph, rebuilt: Graph): AuditProblem[] {
  const due = new Map(rebuilt.segments.map(({ id, circuit }) => [id, circuit]));
  return stated.segments.flatMap(({ id, circuit }): AuditProblem[] => {
    const expected = due.get(id);
    if (expected === undefined || expected === circuit) return [];
    const message = `${id} is proven by circuit ${circuit}; the recipe gives it circuit ${expected}`;
    return [{ code: 'ASSIGNMENT_DIFFERS', message, segment: id }];
  });
}

/** Holds stated circuits against the rebuilt ones, in their order: verifier, kind of output, ports, every artifact. */
export function compareCircuits(stated: readonly Circuit[], rebuilt: readonly Circuit[]): AuditProblem[] {
  const problems: AuditProblem[] = [];
  if (stated.length !== rebuilt.length) {
    problems.push({
      code: 'CIRCUIT_DIFFERS',
      message: `the manifest has ${stated.length} circuits; the recipe gives ${rebuilt.length}`,
    });
  }
  for (const [index, circuit] of stated.entries()) {
    const expected = rebuilt[index];
    if (expected !== undefined) problems.push(...compareCircuit(index, circuit, expected));
  }
  return problems;
}

function compareCircuit(index: number, stated: Circuit, rebuilt: Circuit): AuditProblem[] {
  const problems: AuditProblem[] = [];
  const differs = (code: AuditProblem['code'], message: string) =>
    problems.push({ code, message: `circuit ${index}: ${message}`, circuit: index });
  for (const field of ['prover', 'adapter'] as const) {
    if (stated[field] !== rebuilt[field]) {
      differs('CIRCUIT_DIFFERS', `its ${field} is ${stated[field]}; the rebuilt one’s is ${rebuilt[field]}`);
    }
  }
  if (outputText(stated) !== outputText(rebuilt)) {
    differs(
      'CIRCUIT_DIFFERS',
      `its output is ${outputText(stated)}; the rebuilt one’s is ${outputText(rebuilt)}`,
    );
  }
  for (const side of ['inputs', 'outputs'] as const) {
    if (stated[side].length !== rebuilt[side].length) {
      differs(
        'PORTS_DIFFER',
        `it has ${stated[side].length} ${side}; the rebuilt one ${rebuilt[side].length}`,
      );
    }
    for (const [port, type] of stated[side].entries()) {
      const expected = rebuilt[side][port];
      const difference = expected && inWords(type, expected);
      if (difference !== undefined) differs('PORTS_DIFFER', `port ${port} of its ${side} ${difference}`);
    }
  }
  for (const role of new Set([...Object.keys(stated.artifacts), ...Object.keys(rebuilt.artifacts)])) {
    const [said, due] = [stated.artifacts[role], rebuilt.artifacts[role]];
    if (said !== due) {
      differs('KEY_DIFFERS', `its ${role} is ${said ?? 'missing'}; the rebuilt one is ${due ?? 'none'}`);
    }
  }
  return problems;
}

const blocksText = (blocks: readonly Box[]) => JSON.stringify(blocks.map(({ start, size }) => [start, size]));

function outputText({ output }: Circuit): string {
  return output.kind === 'unique'
    ? 'unique'
    : `within a tolerance of ${[...output.operators].sort().join(', ')}`;
}

/** How a stated type differs from the rebuilt one, in words; `undefined` when they are identical. */
function inWords(stated: EdgeType, rebuilt: EdgeType): string | undefined {
  return sameType(stated, rebuilt) ? undefined : `has ${typeDifference(stated, rebuilt)} in the rebuilt one`;
}
