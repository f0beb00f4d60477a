import type { Certificate } from '../certificate.ts';
import { type EdgeType, type Hex32, sameType, typeFaults } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { sha256Hex, srsId } from '../ids.ts';
import type { Circuit } from '../manifest.ts';
import type { Problem } from '../problem.ts';
import { leastTrust, type Trust, trustOf } from '../srs.ts';
import type { Artifacts, CircuitDescription, ProofVerifier } from '../verifier.ts';

/** A circuit whose verifying data could be read, with what verifying its proofs takes. */
export interface VerifiableCircuit {
  circuit: Circuit;
  verifier: ProofVerifier;
  artifacts: Artifacts;
  /** [s]G2; empty for a circuit that rests on no SRS. */
  srs: Uint8Array;
}

export interface KeyCheck {
  problems: Problem[];
  /** By the manifest's index; absent where the data are missing or malformed. */
  circuits: (VerifiableCircuit | undefined)[];
  /** By the manifest's index: every problem of the circuit, in words. */
  faults: string[][];
  /** The least of everything that the certificate rests on, as far as it can be told without the model. */
  trust: Trust;
  /** What it would be if the records of setups of circuits' own told the truth; anybody can write such a record. */
  claimedTrust: Trust;
}

/**
 * Holds the verifying data against the manifest: every artifact has its digest and is named by something, every
 * circuit's data say what its ports say and have no weakness, and every SRS's data have its id.
 */
export function checkKeys(certificate: Certificate, verifiers: readonly ProofVerifier[]): KeyCheck {
  const { manifest } = certificate;
  const artifacts = checkArtifacts(certificate);
  const reference = checkSrsData(certificate);
  const circuits: KeyCheck['circuits'] = [];
  const faults: string[][] = [];
  const trusts = new Set([...manifest.srs, ...certificate.srs.keys()].map(trustOf));
  const claims = new Set(trusts);
  const described = new Set<Hex32>();
  const problems = [...artifacts.problems, ...reference.problems];

  for (const [index, circuit] of manifest.circuits.entries()) {
    const found: Problem[] = [];
    const fault = (code: Problem['code'], why: string) =>
      found.push({ code, message: `circuit ${index}: ${why}` });
    const faulty = checkPortTypes(circuit, fault);
    const opened = faulty ? undefined : openCircuit(circuit, artifacts.whole, verifiers, fault);
    const { known, claimed } = trustOfKeys(opened?.description);
    trusts.add(known);
    claims.add(claimed);
    if (opened !== undefined) {
      for (const id of opened.description.srs) described.add(id);
      compare(circuit, opened.description, fault);
      const data = srsDataOf(opened.description, reference.data, fault);
      if (data !== undefined) circuits[index] = { ...opened, circuit, srs: data };
    }
    problems.push(...found);
    faults[index] = found.map((problem) => problem.message);
  }

  const complete =
    artifacts.problems.length === 0 && circuits.filter(Boolean).length === manifest.circuits.length;
  for (const id of manifest.srs.filter((id) => complete && !described.has(id))) {
    problems.push({
      code: 'SRS_MISMATCH',
      message: `no circuit rests on SRS ${id}, which the manifest lists`,
    });
  }
  circuits.length = manifest.circuits.length;
  return { problems, circuits, faults, trust: leastTrust(trusts), claimedTrust: leastTrust(claims) };
}

/** What a circuit's keys are worth by their SRS, and by what a setup of their own claims to be. */
function trustOfKeys(description: CircuitDescription | undefined): { known: Trust; claimed: Trust } {
  const trusts = (description?.srs ?? []).map(trustOf);
  const own = description?.trust;
  if (trusts.length === 0 && own === undefined) return { known: 'development', claimed: 'development' };
  return {
    known: own === undefined ? leastTrust(trusts) : 'development',
    claimed: leastTrust(own === undefined ? trusts : [...trusts, own]),
  };
}

type Fault = (code: Problem['code'], why: string) => void;

/** Which artifacts are whole, and which are damaged, missing or superfluous. */
function checkArtifacts({ manifest, artifacts, srs, srsFiles }: Certificate) {
  const problems: Problem[] = [];
  const whole = new Map<Hex32, Uint8Array>();
  const named = new Set([
    ...manifest.circuits.flatMap((c) => Object.values(c.artifacts)),
    ...srs.values(),
    ...srsFiles.values(),
  ]);
  for (const [digest, bytes] of artifacts) {
    if (!named.has(digest)) {
      problems.push({ code: 'ARTIFACT_UNUSED', message: `nothing names the artifact ${digest}` });
    } else if (sha256Hex(bytes) !== digest) {
      problems.push({ code: 'ARTIFACT_DAMAGED', message: `the artifact ${digest} has other bytes` });
    } else {
      whole.set(digest, bytes);
    }
  }
  for (const digest of named) {
    if (!artifacts.has(digest)) {
      problems.push({
        code: 'ARTIFACT_MISSING',
        message: `the artifact ${digest} is not in the certificate`,
      });
    }
  }
  return { problems, whole };
}

/** The data of each SRS, where they have its id. */
function checkSrsData({ manifest, artifacts, srs }: Certificate) {
  const problems: Problem[] = [];
  const data = new Map<Hex32, Uint8Array>();
  if (new Set(manifest.srs).size !== manifest.srs.length) {
    problems.push({ code: 'SRS_MISMATCH', message: 'the manifest lists an SRS twice' });
  }
  for (const id of manifest.srs.filter((id) => !srs.has(id))) {
    problems.push({ code: 'SRS_MISSING', message: `the certificate has no data of SRS ${id}` });
  }
  for (const [id, digest] of srs) {
    const bytes = artifacts.get(digest);
    if (!manifest.srs.includes(id)) {
      problems.push({ code: 'SRS_MISMATCH', message: `SRS ${id} is not in the manifest` });
    } else if (bytes !== undefined && bytes.length === 128 && srsId('bn254', bytes) === id) {
      data.set(id, bytes);
    } else if (bytes !== undefined) {
      problems.push({ code: 'SRS_MISMATCH', message: `the data of SRS ${id} have another id` });
    }
  }
  return { problems, data };
}

/** Whether a port's type contradicts itself; verifiers see none that does. */
function checkPortTypes({ inputs, outputs }: Circuit, fault: Fault): boolean {
  const faults = [...inputs, ...outputs].flatMap((type, port) =>
    typeFaults(type).map((why) => `port ${port}: ${why}`),
  );
  for (const why of faults) fault('TYPE_INVALID', why);
  return faults.length > 0;
}

function openCircuit(
  circuit: Circuit,
  whole: ReadonlyMap<Hex32, Uint8Array>,
  verifiers: readonly ProofVerifier[],
  fault: Fault,
) {
  const verifier = verifiers.find(({ adapter }) => adapter === circuit.adapter);
  if (verifier === undefined) {
    fault('VERIFIER_MISSING', `this program cannot verify proofs of ${circuit.adapter}`);
    return undefined;
  }
  const entries = Object.entries(circuit.artifacts).flatMap(([role, digest]) => {
    const bytes = whole.get(digest);
    return bytes === undefined ? [] : [[role, bytes] as const];
  });
  if (entries.length < Object.keys(circuit.artifacts).length) {
    fault('KEY_MALFORMED', 'an artifact of it is missing or damaged');
    return undefined;
  }
  const artifacts = Object.fromEntries(entries);
  try {
    return { verifier, artifacts, description: verifier.describe(circuit, artifacts) };
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code === 'ABORTED') throw error;
    fault('KEY_MALFORMED', error.message);
    return undefined;
  }
}

/** Holds what the verifying data say against what the manifest says. */
function compare(circuit: Circuit, description: CircuitDescription, fault: Fault): void {
  for (const side of ['inputs', 'outputs'] as const) {
    if (!sameTypes(circuit[side], description[side])) {
      fault('KEY_MISMATCH', `its verifying data bind other ${side} than the manifest says`);
    }
  }
  if (circuit.adapter.split('/')[0] !== circuit.prover) {
    fault('KEY_MISMATCH', `its proofs are of ${circuit.adapter}, which is not ${circuit.prover}’s`);
  }
  const operators = (output: Circuit['output']) =>
    output.kind === 'unique' ? '' : JSON.stringify([...output.operators].sort());
  if (operators(circuit.output) !== operators(description.output)) {
    fault('KEY_MISMATCH', 'its verifying data name other operators with a tolerance than the manifest says');
  }
  for (const id of srsOfPorts(circuit)) {
    if (!description.srs.includes(id)) {
      fault('SRS_MISMATCH', `its ports are committed under SRS ${id}, which its verifying data do not carry`);
    }
  }
  for (const weakness of description.weaknesses) fault('KEY_WEAK', weakness);
}

function srsDataOf(
  { srs }: CircuitDescription,
  data: ReadonlyMap<Hex32, Uint8Array>,
  fault: Fault,
): Uint8Array | undefined {
  const [id, ...others] = srs;
  if (id === undefined) return new Uint8Array();
  const bytes = data.get(id);
  if (others.length > 0) fault('SRS_MISMATCH', 'its verifying data carry more than one SRS');
  if (bytes === undefined) fault('SRS_MISSING', `its SRS ${id} is not in the certificate`);
  return bytes;
}

function sameTypes(a: readonly EdgeType[], b: readonly EdgeType[]): boolean {
  return a.length === b.length && a.every((type, i) => b[i] !== undefined && sameType(type, b[i]));
}

function srsOfPorts({ inputs, outputs }: Circuit): Hex32[] {
  return [...inputs, ...outputs].flatMap(({ scheme }) => (scheme.name === 'kzg' ? [scheme.srs] : []));
}
