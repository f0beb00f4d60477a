import type { Box, EdgeType, Interval, Scheme } from './edge.ts';
import { type CborValue, decodeCbor, encodeCbor } from './encoding/cbor.ts';
import {
  boolean,
  type Codec,
  dictionary,
  fieldInteger,
  hex32,
  integer,
  list,
  literal,
  malformed,
  orLiteral,
  type Path,
  record,
  text,
  variant,
} from './encoding/codec.ts';
import { openEnvelope } from './encoding/envelope.ts';
import type { BlockRef, Edge, Graph, Segment } from './graph.ts';
import { limits } from './limits.ts';
import type { Circuit, Manifest, Recipe } from './manifest.ts';

const tag = 'tessera/manifest';
const version = 1;

const name = text(limits.nameBytes);
const word = text(limits.wordBytes);
const shape = list(integer(1, limits.dimension), limits.rank);
const index = (count: number) => integer(0, count - 1);

const scheme = variant<'name', Scheme>('name', {
  kzg: record({
    required: {
      name: literal('kzg'),
      srs: hex32,
      k: integer(1, limits.k),
      usableRows: integer(1, 2 ** limits.k),
    },
  }),
  poseidon2: record({ required: { name: literal('poseidon2'), blinded: boolean } }),
  public: record({ required: { name: literal('public') } }),
});

const edgeType = record<EdgeType>({
  required: {
    shape,
    signed: boolean,
    scale: integer(-limits.scale, limits.scale),
    interval: orLiteral(record<Interval>({ required: { lo: fieldInteger, hi: fieldInteger } }), 'unproven'),
    scheme,
  },
});

const box = record<Box>({
  required: { start: list(integer(0, limits.dimension), limits.rank), size: shape },
});

const edge = record<Edge>({ required: { name, type: edgeType, blocks: list(box, limits.blocks) } });

const blockRef = record<BlockRef>({ required: { edge: index(limits.edges), block: index(limits.blocks) } });

const segment = record<Segment>({
  required: {
    id: name,
    circuit: index(limits.circuits),
    inputs: list(blockRef, limits.ports),
    outputs: list(blockRef, limits.ports),
  },
});

const graphRecord = record<Graph>({
  required: {
    edges: list(edge, limits.edges),
    segments: list(segment, limits.segments),
    inputs: list(index(limits.edges), limits.edges),
    outputs: list(index(limits.edges), limits.edges),
  },
});

const graph: Codec<Graph> = {
  encode(value, path) {
    const encoded = graphRecord.encode(value, path);
    requireTellable(value, path);
    return encoded;
  },
  decode(value, path) {
    const decoded = graphRecord.decode(value, path);
    requireTellable(decoded, path);
    return decoded;
  },
};

/** Each reference takes a few bytes, whatever the length of the names that a report would then repeat. */
function requireTellable({ edges, segments }: Graph, path: Path): void {
  let told = 0;
  for (const { name, blocks } of edges) told += name.length * blocks.length;
  for (const { id, inputs, outputs } of segments) {
    for (const ref of [...inputs, ...outputs]) told += id.length + (edges[ref.edge]?.name.length ?? 0);
  }
  if (told > limits.namesTold) {
    throw malformed(
      path,
      `its names, at every block and reference, are ${told} characters, above ${limits.namesTold}`,
    );
  }
}

const circuit = record<Circuit>({
  required: {
    prover: word,
    adapter: word,
    artifacts: dictionary(hex32, limits.wordBytes, limits.roles),
    inputs: list(edgeType, limits.ports),
    outputs: list(edgeType, limits.ports),
    output: variant<'kind', Circuit['output']>('kind', {
      unique: record({ required: { kind: literal('unique') } }),
      tolerance: record({
        required: { kind: literal('tolerance'), operators: list(word, limits.operators) },
      }),
    }),
  },
});

const recipe = record<Recipe>({
  required: {
    model: hex32,
    shapes: dictionary(shape, limits.nameBytes, limits.edges),
    strategy: text(limits.parameterBytes),
    version: word,
    parameters: list(text(limits.parameterBytes), limits.circuits),
  },
});

/** The manifest's fields, as they also stand in a certificate. */
export const manifestCodec: Codec<Manifest> = record<Manifest>({
  required: {
    graph,
    circuits: list(circuit, limits.circuits),
    srs: list(hex32, limits.srs),
    recipe,
  },
});

/**
 * Writes a manifest in its one encoding.
 *
 * @throws TesseraError `ENCODING_INVALID` when it exceeds a limit of the format
 */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeCbor([tag, version, manifestCodec.encode(manifest, ['manifest'])]);
}

/**
 * Reads a manifest. What it says is not judged: see `checkCertificate`.
 *
 * @throws TesseraError `ENCODING_INVALID`
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const value = decodeCbor(bytes, { bytes: limits.manifestBytes, items: limits.items, depth: limits.depth });
  const [body] = openEnvelope(value, tag, version, 1) as [CborValue];
  return manifestCodec.decode(body, ['manifest']);
}
