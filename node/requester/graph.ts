import { type EdgeType, sameType } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { BlockRef, Edge, Graph, Segment } from '../../protocol/graph.ts';
import type { Circuit } from '../../protocol/manifest.ts';
import { type Blocks, blocksByTensor, shapeOf } from '../model/tile/index.ts';
import type { CircuitSegment } from './compile.ts';

/** The graph of a compiled computation; segments that compiled to the same circuit share it. */
export interface CompiledGraph {
  graph: Graph;
  circuits: readonly Circuit[];
  /** The first segment of each circuit, which holds its artifacts. */
  representatives: readonly CircuitSegment[];
}

/**
 * Joins compiled segments by their tensors' names. Each edge takes the type its first port binds; it has one block, or
 * those of a tensor that tiles write.
 *
 * @param inputs,outputs tensors of the whole
 *
 * @throws TesseraError `PROVER_FAILED` when two ports of one tensor bind different types: such segments cannot be linked.
 */
export function buildGraph(
  segments: readonly CircuitSegment[],
  inputs: readonly string[],
  outputs: readonly string[],
  blocks: Blocks = new Map(),
): CompiledGraph {
  const divided = blocksByTensor(blocks);
  const representatives: CircuitSegment[] = [];
  const circuitOf = new Map<string, number>();
  const edges: Edge[] = [];
  const edgeOf = new Map<string, number>();

  const refer = (name: string, type: EdgeType | undefined, segment: string): BlockRef => {
    if (type === undefined) {
      throw new TesseraError('INTERNAL', { message: `the circuit of ${segment} has no port for ${name}` });
    }
    const tensor = blocks.get(name)?.tensor ?? name;
    const parts = divided.get(tensor) ?? [
      { name, box: { start: type.shape.map(() => 0), size: type.shape } },
    ];
    const known = edgeOf.get(tensor);
    if (known === undefined) {
      const whole = { ...type, shape: shapeOf(parts) };
      edgeOf.set(tensor, edges.push({ name: tensor, type: whole, blocks: parts.map(({ box }) => box) }) - 1);
    } else {
      const edge = edges[known] as Edge;
      const difference = typeDifference({ ...edge.type, shape: type.shape }, type);
      if (difference !== undefined) {
        throw new TesseraError('PROVER_FAILED', {
          message: `segment ${segment} binds tensor ${name} differently from the segment before it: ${difference}`,
          remedy: 'Cut the model at another tensor.',
          details: { segment, tensor: name },
        });
      }
    }
    const block = parts.findIndex((part) => part.name === name);
    return { edge: edgeOf.get(tensor) as number, block };
  };

  const graphSegments = segments.map(({ plan, compiled }, index): Segment => {
    const circuit =
      circuitOf.get(compiled.key) ?? representatives.push(segments[index] as CircuitSegment) - 1;
    circuitOf.set(compiled.key, circuit);
    const ports = compiled.circuit;
    return {
      id: plan.id,
      circuit,
      inputs: plan.inputs.map((name, port) => refer(name, ports.inputs[port], plan.id)),
      outputs: plan.outputs.map((name, port) => refer(name, ports.outputs[port], plan.id)),
    };
  });
  const whole = (names: readonly string[]) => {
    const tensors = new Set(names.map((name) => blocks.get(name)?.tensor ?? name));
    return [...tensors].map((tensor) => edgeOf.get(tensor)).filter((edge) => edge !== undefined);
  };
  return {
    graph: { edges, segments: graphSegments, inputs: whole(inputs), outputs: whole(outputs) },
    circuits: representatives.map(({ compiled }) => compiled.circuit),
    representatives,
  };
}

const show = (value: unknown) =>
  JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? inner.toString() : inner));

/** The first field in which two edge types differ, in words; `undefined` when they are identical. */
export function typeDifference(a: EdgeType, b: EdgeType): string | undefined {
  for (const field of ['shape', 'signed', 'scale', 'interval', 'scheme'] as const) {
    if (sameType(a, { ...a, [field]: b[field] })) continue;
    return `${field} ${show(a[field])} against ${show(b[field])}`;
  }
  return undefined;
}
