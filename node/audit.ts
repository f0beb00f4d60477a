import type { Certificate } from '../protocol/certificate.ts';
import { isCertificate } from '../protocol/certificate-codec.ts';
import { checkKeys } from '../protocol/check/keys.ts';
import { checkPorts } from '../protocol/check/ports.ts';
import type { Hex32 } from '../protocol/edge.ts';
import { TesseraError } from '../protocol/errors.ts';
import { checkGraph } from '../protocol/graph.ts';
import { modelId } from '../protocol/ids.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { decodeManifest } from '../protocol/manifest-codec.ts';
import type { Trust } from '../protocol/srs.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { compareAssignment, compareCircuits, compareEdges } from './audit/compare-circuits.ts';
import { compareWiring } from './audit/compare-wiring.ts';
import { compareWithFloats, type Fidelity, notCompared, toleranceProblems } from './audit/fidelity.ts';
import type { AuditProblem } from './audit/problem.ts';
import { rebuild } from './audit/rebuild.ts';
import { certificateIn, readCertificateFile } from './files/certificate-file.ts';
import type { ImportedModel } from './model/import/index.ts';
import type { RunOptions } from './progress.ts';
import type { Provers } from './provers/provers.ts';
import type { ProverLimits } from './requester/prover-call.ts';

export interface AuditOptions extends RunOptions {
  /** Path of a manifest or a certificate. */
  manifest: string;
  /** Path of the ONNX file that it is said to be made from. */
  model: string;
  /** What rebuilding may use of this machine. */
  limits: ProverLimits;
  /** How far any element of an output may be from the float model’s, from 0 on; any distance unless given. */
  tolerance?: number;
}

export interface AuditModules {
  /** Every one that the manifest's circuits need; their SRS must be the manifest's. */
  provers: Provers;
  verifiers: readonly ProofVerifier[];
}

export interface AuditReport {
  /**
   * Everything that was rebuilt from the model is what the manifest says, nothing is weak, and a given tolerance holds.
   */
  ok: boolean;
  /** modelId; once the audit is ok, what a certificate of this model is to be verified against. */
  model: Hex32;
  problems: readonly AuditProblem[];
  /**
   * What the carried keys are worth once the audit is ok; absent for a bare manifest. Under `development` keys their
   * makers can forge proofs, and nothing ties a Groth16 key of theirs to its constraints.
   */
  trust?: Trust;
  /** How far the stated outputs are from those of the float model; says nothing for a bare manifest. */
  fidelity: Fidelity;
}

/**
 * Rebuilds segments, circuits and keys from the model as the recipe says, and compares them with the manifest digest
 * by digest; finds everything that differs, not only the first thing. The keys carried by a certificate are also
 * refused for weak settings. Where a certificate shows its input, the float model is run on it, too. Proofs are not
 * verified: see `verify`.
 *
 * ezkl's keys are a function of the segment, the parameters and the SRS, so equal digests mean equal circuits. It
 * says nothing about who knows the SRS's secret.
 *
 * @throws TesseraError `STORAGE_FAILED`, `CERTIFICATE_DAMAGED` and `ENCODING_INVALID` of the manifest's file; those
 *   of the model's file and of the prover; `ABORTED`
 */
export async function audit(
  options: AuditOptions,
  { provers, verifiers }: AuditModules,
): Promise<AuditReport> {
  const { manifest, certificate } = read(
    options.manifest,
    await readCertificateFile(options.manifest, 'The file'),
  );
  const keys = certificate === undefined ? undefined : checkKeys(certificate, verifiers);
  const rebuilt = await rebuild(
    manifest,
    { ...options, artifacts: certificate?.artifacts ?? new Map() },
    provers,
  );
  const model = modelId(manifest);
  const fidelity = await fidelityOf(certificate, rebuilt.imported, options);
  const problems: AuditProblem[] = [
    ...checkGraph(manifest.graph),
    ...checkPorts(manifest),
    ...(keys?.problems ?? []),
    ...rebuilt.problems,
    ...(rebuilt.wiring === undefined ? [] : compareWiring(manifest.graph, rebuilt.wiring)),
    ...(rebuilt.manifest === undefined ? [] : compareManifests(manifest, rebuilt.manifest)),
    ...(options.tolerance === undefined ? [] : toleranceProblems(fidelity, options.tolerance)),
  ];
  const ok = problems.length === 0;
  return {
    ok,
    model,
    problems,
    ...(keys === undefined || !ok ? {} : { trust: keys.claimedTrust }),
    fidelity,
  };
}

async function fidelityOf(
  certificate: Certificate | undefined,
  imported: ImportedModel | undefined,
  { model, signal }: AuditOptions,
): Promise<Fidelity> {
  if (certificate === undefined) return notCompared('a manifest shows no input: only a certificate does');
  if (imported?.sha256 !== certificate.manifest.recipe.model) {
    return notCompared('the model file is not the one that the recipe names');
  }
  return compareWithFloats(certificate, { path: model, model: imported.model }, signal);
}

function compareManifests(stated: Manifest, rebuilt: Manifest): AuditProblem[] {
  const [id, due] = [modelId(stated), modelId(rebuilt)];
  return [
    ...compareEdges(stated.graph, rebuilt.graph),
    ...compareAssignment(stated.graph, rebuilt.graph),
    ...compareCircuits(stated.circuits, rebuilt.circuits),
    ...(id === due
      ? []
      : [{ code: 'MODEL_ID_DIFFERS', message: `modelId is ${id}; rebuilt, it is ${due}` } as const]),
  ];
}

function read(path: string, file: Uint8Array): { manifest: Manifest; certificate?: Certificate } {
  if (!isCertificate(file)) return { manifest: readManifest(path, file) };
  const certificate = certificateIn(path, file);
  return { manifest: certificate.manifest, certificate };
}

function readManifest(path: string, file: Uint8Array): Manifest {
  try {
    return decodeManifest(file);
  } catch (cause) {
    if (!(cause instanceof TesseraError)) throw cause;
    throw new TesseraError(cause.code, {
      message: `${path} is neither a certificate nor a manifest: ${cause.message}`,
      remedy: 'Give the certificate that `tessera prove` wrote; if it is, get it again from where it came.',
      details: cause.details,
      cause,
    });
  }
}
