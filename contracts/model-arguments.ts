/** A manifest in the forms that the contracts' functions take. */
import { keccak256, stringToHex, toHex } from 'viem';
import type { EdgeType, Hex32 } from '../protocol/edge.ts';
import type { Graph } from '../protocol/graph.ts';
import { circuitLeaf, manifestDigest, segmentLeaf } from '../protocol/ids.ts';
import type { Circuit, Manifest } from '../protocol/manifest.ts';
import { MerkleTree } from '../protocol/merkle.ts';

type Word = `0x${string}`;

const word = (hex: Hex32): Word => `0x${hex}`;
const label = (text: string): Word => keccak256(stringToHex(text));
const zero: Word = `0x${'0'.repeat(64)}`;

/** An edge type as the contracts' `EdgeType`. */
function edgeTypeArgument({ shape, signed, scale, interval, scheme }: EdgeType) {
  const proven = interval !== 'unproven';
  const kzg = scheme.name === 'kzg';
  return {
    shape: shape.map(BigInt),
    signed,
    scale: BigInt(scale),
    proven,
    lo: proven ? interval.lo : 0n,
    hi: proven ? interval.hi : 0n,
    scheme: label(scheme.name),
    srs: kzg ? word(scheme.srs) : zero,
    k: kzg ? BigInt(scheme.k) : 0n,
    usableRows: kzg ? BigInt(scheme.usableRows) : 0n,
    blinded: scheme.name === 'poseidon2' && scheme.blinded,
  };
}

/** A circuit as the contracts' `CircuitDescription`. */
export function circuitArgument({ adapter, artifacts, inputs, outputs }: Circuit) {
  const named = Object.entries(artifacts).map(([role, digest]) => ({
    role: label(role),
    digest: word(digest),
  }));
  return {
    adapter: label(adapter),
    artifacts: named.sort((a, b) => (a.role < b.role ? -1 : 1)),
    inputs: inputs.map(edgeTypeArgument),
    outputs: outputs.map(edgeTypeArgument),
  };
}

/** A model as the contracts' `ModelDescription`. */
export function modelArgument(manifest: Manifest) {
  const { graph, circuits, srs } = manifest;
  return {
    manifest: word(manifestDigest(manifest)),
    circuits: circuits.map((circuit) => toHex(circuitLeaf(circuit))),
    segments: BigInt(graph.segments.length),
    wiring: toHex(wiringTree(graph).root),
    inputs: graph.inputs.map(BigInt),
    outputs: graph.outputs.map(BigInt),
    srs: srs.map(word),
  };
}

/** The tree of a graph's segments, whose root a model is registered with. */
export function wiringTree({ segments }: Pick<Graph, 'segments'>): MerkleTree {
  return new MerkleTree(segments.map(segmentLeaf));
}

/** The tree of a model's circuits. */
export function circuitTree({ circuits }: Pick<Manifest, 'circuits'>): MerkleTree {
  return new MerkleTree(circuits.map(circuitLeaf));
}

/**
 * A segment's place in the graph as the contracts' `Wiring`.
 *
 * @param trees of this manifest, for whoever wants many places in it
 * @throws RangeError for a segment or a circuit that does not exist
 */
export function wiringArgument(
  { graph, circuits }: Pick<Manifest, 'graph' | 'circuits'>,
  index: number,
  trees = { wiring: wiringTree(graph), circuits: circuitTree({ circuits }) },
) {
  const segment = graph.segments[index];
  if (segment === undefined) throw new RangeError(`There is no segment ${index}`);
  const refs = (list: typeof segment.inputs) =>
    list.map(({ edge, block }) => ({ edge: BigInt(edge), block: BigInt(block) }));
  return {
    circuit: BigInt(segment.circuit),
    leaf: toHex(trees.circuits.leaf(segment.circuit)),
    circuitPath: trees.circuits.path(segment.circuit).map((sibling) => toHex(sibling)),
    path: trees.wiring.path(index).map((sibling) => toHex(sibling)),
    inputs: refs(segment.inputs),
    outputs: refs(segment.outputs),
  };
}
