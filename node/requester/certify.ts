import type { Certificate, Proof, Statement } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { Recipe } from '../../protocol/manifest.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import type { Prover } from '../provers/prover.ts';
import type { EdgeValues } from './execute.ts';
import type { CompiledGraph } from './graph.ts';

export interface CertifyInit {
  compiled: CompiledGraph;
  recipe: Recipe;
  /** One proof a segment, in the graph's order. */
  proofs: readonly Proof[];
  /** Every edge's integers. */
  values: EdgeValues;
  /** The requester's floats, by tensor name. */
  floats: ReadonlyMap<string, Float64Array>;
  /** Tensors of the whole that stay commitments. */
  concealed: ReadonlySet<string>;
  /** What verification needs of each SRS, by id. */
  srs: ReadonlyMap<Hex32, Uint8Array>;
  /** Whole SRS files, by id, of which those are carried that committed inputs and outputs rest on. */
  srsFiles: ReadonlyMap<Hex32, Uint8Array>;
}

/** Puts a proven job into one self-contained certificate. */
export async function certify(
  init: CertifyInit,
  prover: Prover,
  verifier: ProofVerifier,
): Promise<Certificate> {
  const { graph, circuits, representatives } = init.compiled;
  const artifacts = new Map<Hex32, Uint8Array>();
  const keep = (bytes: Uint8Array) => {
    const digest = sha256Hex(bytes);
    artifacts.set(digest, bytes);
    return digest;
  };
  for (const { compiled } of representatives) {
    for (const bytes of Object.values(await prover.artifacts(compiled))) keep(bytes);
  }
  const srs = new Map([...init.srs].map(([id, bytes]) => [id, keep(bytes)]));
  const committed = new Set(
    [...graph.inputs, ...graph.outputs].map((edge) => {
      const scheme = graph.edges[edge]?.type.scheme;
      return scheme?.name === 'kzg' ? scheme.srs : undefined;
    }),
  );
  const srsFiles = new Map(
    [...init.srsFiles].filter(([id]) => committed.has(id)).map(([id, bytes]) => [id, keep(bytes)]),
  );

  const commitments: Uint8Array[][] = graph.edges.map((edge) => edge.blocks.map(() => new Uint8Array()));
  graph.segments.forEach((segment, index) => {
    const circuit = circuits[segment.circuit];
    const proof = init.proofs[index];
    if (circuit === undefined || proof === undefined) {
      throw new TesseraError('INTERNAL', { message: `segment ${segment.id} has no proof to certify` });
    }
    const bound = verifier.boundary(circuit, proof);
    const ports = [...segment.inputs.map((ref, i) => [ref, bound.inputs[i]] as const)];
    ports.push(...segment.outputs.map((ref, i) => [ref, bound.outputs[i]] as const));
    for (const [{ edge, block }, bytes] of ports) {
      const blocks = commitments[edge];
      if (blocks !== undefined && bytes !== undefined) blocks[block] = bytes;
    }
  });

  const statements = [...graph.inputs, ...graph.outputs].flatMap((edge): Statement[] => {
    const name = graph.edges[edge]?.name ?? '';
    const values = init.values.get(name);
    if (values === undefined || init.concealed.has(name)) return [];
    const floats = init.floats.get(name);
    return [{ edge, values, ...(floats === undefined ? {} : { floats }) }];
  });

  return {
    manifest: { graph, circuits, srs: [...srs.keys()].sort(), recipe: init.recipe },
    artifacts,
    srs,
    srsFiles,
    commitments,
    proofs: init.proofs,
    statements,
  };
}
