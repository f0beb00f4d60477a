import type { Certificate } from './certificate.ts';
import { type Blindings, EdgeOpener, type SrsSource } from './check/edge-opener.ts';
import { checkKeys } from './check/keys.ts';
import { checkIntervals, checkLinks } from './check/links.ts';
import { checkPorts } from './check/ports.ts';
import { checkProofs } from './check/proofs.ts';
import { checkExpected, checkStatements, type ExpectedTensors } from './check/statements.ts';
import type { Hex32 } from './edge.ts';
import { TesseraError } from './errors.ts';
import { checkGraph } from './graph.ts';
import { modelId } from './ids.ts';
import type { Problem } from './problem.ts';
import type { Report } from './report.ts';
import type { ProofVerifier } from './verifier.ts';

/** What whoever checks knows from elsewhere. */
export interface Expectation {
  modelId?: Hex32;
  /** sha2-256 of the ONNX file that the manifest says it was made from; only an audit shows that it was. */
  modelDigest?: Hex32;
  /** By name, any number of the inputs and outputs. */
  inputs?: ExpectedTensors;
  outputs?: ExpectedTensors;
}

export interface CheckEvent {
  type: 'check:segment';
  done: number;
  total: number;
}

export interface CheckOptions {
  /** One for every adapter that may occur. */
  verifiers: readonly ProofVerifier[];
  expect?: Expectation;
  /** Whether keys that their maker can forge proofs under are good enough. */
  allowDevelopment?: boolean;
  /** Needed only to recompute commitments: for stated or expected tensors on `kzg` edges. */
  srs?: SrsSource;
  /** Needed only for expected tensors on blinded edges. */
  blindings?: Blindings;
  signal?: AbortSignal;
  onProgress?: (event: CheckEvent) => void;
}

/**
 * Checks all that a certificate must satisfy, and reports everything that is wrong with it, not only the first thing.
 * In order:
 * 1. the graph is complete, and segments' blocks have the types of their circuits' ports;
 * 2. the verifying data are the ones that the manifest names and say what the manifest says;
 * 3. every segment has one proof, and it verifies;
 * 4. for every block, its maker's proof, its readers' proofs and the certificate bind the same bytes, and public
 *    values lie in their interval;
 * 5. inputs and outputs open to the stated integers and floats;
 * 6. model, inputs and outputs are the expected ones, and the keys' origin is good enough.
 *
 * It does not show that the circuits are those of the model: that is the audit.
 *
 * @param certificate as `decodeCertificate` returns it
 * @throws TesseraError `ABORTED`, or `ENCODING_INVALID` for a manifest that has no encoding
 */
export async function checkCertificate(certificate: Certificate, options: CheckOptions): Promise<Report> {
  const { manifest } = certificate;
  const { expect = {}, signal, onProgress } = options;
  try {
    signal?.throwIfAborted();
    const model = modelId(manifest);
    const keys = checkKeys(certificate, options.verifiers);
    const proofs = await checkProofs(certificate, keys, {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done, total) => onProgress?.({ type: 'check:segment', done, total }),
    });
    const links = checkLinks(certificate, proofs.bound);
    const opener = new EdgeOpener(certificate, keys, {
      srs: options.srs ?? (async () => undefined),
      blindings: options.blindings ?? {},
      ...(signal === undefined ? {} : { signal }),
    });
    // Not pushed as arguments of a call, of which there may not be as many as a hostile certificate has problems.
    const problems: Problem[] = [
      ...checkGraph(manifest.graph),
      ...checkPorts(manifest),
      ...keys.problems,
      ...proofs.problems,
      ...links.problems,
      ...checkIntervals(certificate),
      ...(await opener.srsFileProblems()),
      ...(await checkStatements(certificate, opener)),
      ...checkModel(certificate, model, expect),
      ...(await checkExpected(certificate, 'inputs', expect.inputs ?? {}, opener)),
      ...(await checkExpected(certificate, 'outputs', expect.outputs ?? {}, opener)),
    ];

    const sound = problems.length === 0;
    // Whoever expects this very modelId has it from someone who audited the setups that its circuits name.
    const trust = expect.modelId === model ? keys.claimedTrust : keys.trust;
    if (trust === 'development' && options.allowDevelopment !== true) {
      const message =
        keys.claimedTrust === 'development'
          ? 'the keys are development keys: whoever made them can forge proofs'
          : 'the keys claim to be of a ceremony, which an audit must show: expect the audited model by its id';
      problems.push({ code: 'TRUST_DEVELOPMENT', message });
    }
    const unique = manifest.circuits.every(({ output }) => output.kind === 'unique');
    const modelGiven = expect.modelId !== undefined || expect.modelDigest !== undefined;
    return {
      valid: problems.length === 0,
      sound,
      trust,
      model,
      modelExpected: modelGiven && !problems.some(({ code }) => code === 'MODEL_UNEXPECTED'),
      audited: false,
      output: unique ? 'unique' : 'within tolerance',
      segments: proofs.segments,
      links: links.links,
      problems,
    };
  } catch (cause) {
    if (signal?.aborted === true) {
      throw new TesseraError('ABORTED', { message: 'The check was cancelled', cause });
    }
    throw cause;
  }
}

function checkModel({ manifest }: Certificate, model: Hex32, expect: Expectation): Problem[] {
  const problems: Problem[] = [];
  const compare = (what: string, expected: Hex32 | undefined, actual: Hex32) => {
    if (expected === undefined || expected === actual) return;
    problems.push({ code: 'MODEL_UNEXPECTED', message: `the ${what} is ${actual}, not ${expected}` });
  };
  compare('model’s id', expect.modelId, model);
  compare('model file’s digest', expect.modelDigest, manifest.recipe.model);
  return problems;
}
