import type { Certificate, Proof, Statement } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { Recipe } from '../../protocol/manifest.ts';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';
import { bindCommitments } from './commitments.ts';
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

/** A certificate before its proofs. */
export type CertificateDraft = Omit<Certificate, 'proofs' | 'commitments'>;

/**
 * Puts a proven job into one self-contained certificate.
 *
 * @throws TesseraError as {@link bindCommitments}
 */
export async function certify(
  init: CertifyInit,
  provers: Provers,
  verifiers: readonly ProofVerifier[],
): Promise<Certificate> {
  const { graph, circuits } = init.compiled;
  const commitments = bindCommitments(graph, circuits, init.proofs, verifiers);
  return { ...(await draftCertificate(init, provers)), commitments, proofs: init.proofs };
}

/** All of a job's certificate that is known before it is proven. */
export async function draftCertificate(
  init: Omit<CertifyInit, 'proofs'>,
  provers: Provers,
): Promise<CertificateDraft> {
  const { graph, circuits, representatives } = init.compiled;
  const artifacts = new Map<Hex32, Uint8Array>();
  const keep = (bytes: Uint8Array) => {
    const digest = sha256Hex(bytes);
    artifacts.set(digest, bytes);
    return digest;
  };
  for (const { plan, compiled } of representatives) {
    const prover = proverNamed(provers, plan.prover);
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
    statements,
  };
}
