import { readFile } from 'node:fs/promises';
import { bn254_Fr } from '@noble/curves/bn254.js';
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importModel } from '../node/model/import/index.ts';
import type { Model } from '../node/model/model.ts';
import { parseDirectStrategy, segmentModel, slice } from '../node/model/slice/index.ts';
import { defaultEzklParams, formatParams } from '../node/provers/ezkl/parameters.ts';
import { createEzklVerifier, kzgCommit } from '../node/provers/ezkl/verifier/index.ts';
import { readRawG1, writeRawG1 } from '../node/provers/ezkl/verifier/points.ts';
import type { SegmentSource } from '../node/provers/prover.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../protocol/certificate-codec.ts';
import { type CheckOptions, checkCertificate } from '../protocol/check.ts';
import { elementCount } from '../protocol/edge.ts';
import { scalarModulus } from '../protocol/field.ts';
import { modelId, sha256Hex } from '../protocol/ids.ts';
import type { Report } from '../protocol/report.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { branchingModel } from './support/branching-model.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';
import { flipped, forging } from './support/forging.ts';
import { image, Proving } from './support/proving.ts';
import { remembering } from './support/remembering-verifier.ts';

/** Coordinates of points lie below it. */
const baseModulus = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** PUSH1 1, PUSH1 0, MSTORE, PUSH1 64, PUSH1 0, RETURN: says yes to everything. */
const yes = Uint8Array.from([0x60, 1, 0x60, 0, 0x52, 0x60, 64, 0x60, 0, 0xf3]);

/** stem → (trunk) → branch → (branch.out) → join → (joined) → dense; join reads trunk, too. */
const strategy = 'cuts=trunk,branch.out,joined';
const segmentIds = ['stem', 'branch', 'join', 'dense'] as const;
const edgeNames = ['image', 'trunk', 'branch.out', 'joined', 'scores'] as const;

let proving: Proving;
let verifier: ProofVerifier;
let honest: Certificate;
/** The same model on another image. */
let otherJob: Certificate;
/** The same image through a model that differs in the weights of `branch` only. */
let otherModel: Certificate;
/** The same job with keys of another development SRS. */
let otherSrs: Certificate;
/** The same job with its input and output committed, and no statements. */
let concealed: Certificate;
let srsFile: Uint8Array;

function otherBranch(): Model {
  const model = branchingModel();
  const weight = branchingModel(100).constants.get('branch.weight');
  if (weight === undefined) throw new Error('the model has a branch');
  return { ...model, constants: new Map([...model.constants, ['branch.weight', weight]]) };
}

beforeAll(async () => {
  proving = await Proving.open();
  verifier = remembering(proving.verifier);
  const model = await proving.writeModel('model.onnx', branchingModel());
  const input = await proving.writeInputs('input.json', { image: image(36) });
  const otherInput = await proving.writeInputs('other-input.json', { image: image(36, 2) });
  const out = proving.path('certificate');
  const job = { model, input, strategy, out };

  honest = (await proving.certify(job)).certificate;
  otherJob = (await proving.certify({ ...job, input: otherInput })).certificate;
  const path = await proving.writeModel('other.onnx', otherBranch());
  otherModel = (await proving.certify({ ...job, model: path })).certificate;
  concealed = (await proving.certify({ ...job, commit: 'input,output' })).certificate;
  const stranger = proving.newProver('stranger');
  try {
    otherSrs = (await proving.certify(job, stranger)).certificate;
  } finally {
    await stranger.close();
  }
  srsFile = new Uint8Array(await readFile(await proving.prover.srsFile(kzgOf(honest).k)));
});
afterAll(() => proving.close());

const {
  segmentAt,
  edgeAt,
  edgeOf,
  proofOf,
  commitmentOf,
  withProof,
  withBytes,
  withCommitment,
  withManifest,
  withGraph,
  withCircuit,
  withArtifacts,
  circuitOf,
  withArtifact,
  artifactOf,
  withType,
} = forging(() => honest);

function kzgOf(certificate: Certificate) {
  const { scheme } = edgeOf('trunk', certificate).type;
  if (scheme.name !== 'kzg') throw new Error('trunk is committed');
  return scheme;
}

function check(certificate: Certificate, options: Partial<CheckOptions> = {}): Promise<Report> {
  return proving.check(certificate, { verifiers: [verifier], ...options });
}

/** Every problem as its code and the segment or edge that it is about. */
async function problemsOf(certificate: Certificate, options: Partial<CheckOptions> = {}): Promise<string[]> {
  const report = await check(certificate, options);
  expect(report.valid).toBe(false);
  expect(report.sound).toBe(false);
  return report.problems.map(({ code, segment, edge }) => [code, segment ?? edge].filter(Boolean).join(' '));
}

/** Segments whose proofs stand in spite of the attack. */
async function standing(certificate: Certificate): Promise<string[]> {
  const { segments } = await check(certificate);
  return segments.filter(({ valid }) => valid).map(({ id }) => id);
}

const expectHonest = () => ({ expect: { modelId: modelId(honest.manifest) } });

describeWithEzkl('certificates that nobody touched', () => {
  it('are valid, all of those that the attacks are made from', async () => {
    for (const certificate of [honest, otherJob, otherModel, otherSrs, concealed]) {
      const report = await check(certificate);
      expect(report.problems).toEqual([]);
      expect(report.valid).toBe(true);
    }
    expect(modelId(otherJob.manifest)).toBe(modelId(honest.manifest));
    expect(modelId(otherModel.manifest)).not.toBe(modelId(honest.manifest));
  });

  it('are not valid without the flag where their keys are development keys', async () => {
    const report = await check(honest, { allowDevelopment: false });
    expect(report).toMatchObject({ valid: false, sound: true });
    expect(report.problems.map(({ code }) => code)).toEqual(['TRUST_DEVELOPMENT']);
  });
});

describeWithEzkl('a file', () => {
  it('with a changed byte anywhere, or cut, or continued, is damaged', () => {
    const file = encodeCertificate(honest);
    const damaged = expect.objectContaining({ code: 'CERTIFICATE_DAMAGED' });
    for (let at = 0; at < file.length; at += 1 + (file.length >> 7)) {
      expect(() => decodeCertificate(flipped(file, at)), `byte ${at}`).toThrow(damaged);
      expect(() => decodeCertificate(file.slice(0, at)), `${at} bytes`).toThrow(damaged);
    }
    expect(() => decodeCertificate(Uint8Array.from([...file, 0]))).toThrow(damaged);
  });
});

describeWithEzkl('a proof', () => {
  it('with a changed byte anywhere is refused, in each segment', async () => {
    for (const part of [0.5, 0.001, 0.03, 0.2, 0.4, 0.7, 0.9, 0.9999]) {
      const changed = honest.proofs.map(
        (proof) => proof && { ...proof, bytes: flipped(proof.bytes, Math.floor(part * proof.bytes.length)) },
      );
      const problems = await problemsOf({ ...honest, proofs: changed });
      for (const id of segmentIds) {
        const refused = [`PROOF_INVALID ${id}`, `PROOF_MALFORMED ${id}`];
        expect(
          problems.filter((problem) => refused.includes(problem)),
          `${id} at ${part}`,
        ).toHaveLength(1);
      }
    }
  });

  it('that is cut or continued is refused', async () => {
    for (const change of [
      (bytes: Uint8Array) => bytes.slice(0, -32),
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(32)]),
    ]) {
      expect(await problemsOf(withBytes('join', change))).toEqual(['PROOF_INVALID join']);
    }
  });

  it('with another public value is refused, and its edge does not hold', async () => {
    for (const [id, edge] of [
      ['stem', 'image'],
      ['dense', 'scores'],
    ] as const) {
      const proof = proofOf(id);
      const publicInputs = proof.publicInputs.with(1, (proof.publicInputs[1] ?? 0n) + 1n);
      const problems = await problemsOf(withProof(id, { ...proof, publicInputs }));
      expect(problems).toEqual([`PROOF_INVALID ${id}`, `LINK_UNEQUAL ${edge}`]);
    }
  });

  it('with a public value plus the modulus has no encoding, and is refused in memory too', async () => {
    const proof = proofOf('dense');
    const publicInputs = proof.publicInputs.map((value) => value + scalarModulus);
    const changed = withProof('dense', { ...proof, publicInputs });
    expect(() => encodeCertificate(changed)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
    const report = await checkCertificate(changed, {
      verifiers: [verifier],
      allowDevelopment: true,
    });
    expect(report.problems).toContainEqual(
      expect.objectContaining({ code: 'PROOF_MALFORMED', segment: 'dense' }),
    );
  });

  it('whose commitment is no point, or not reduced, is malformed', async () => {
    const plus = (bytes: Uint8Array, at: number) => {
      const changed = bytes.slice();
      const coordinate = bytesToNumberBE(bytes.slice(at, at + 32));
      changed.set(numberToBytesBE(coordinate + baseModulus, 32), at);
      return changed;
    };
    for (const change of [
      (bytes: Uint8Array) => flipped(bytes, 63),
      (bytes: Uint8Array) => plus(bytes, 0),
      (bytes: Uint8Array) => plus(bytes, 32),
      (bytes: Uint8Array) => bytes.slice().fill(0, 0, 64),
      (bytes: Uint8Array) => bytes.slice().fill(0xff, 0, 64),
    ]) {
      expect(await problemsOf(withBytes('branch', change))).toContain('PROOF_MALFORMED branch');
    }
  });

  it('of another segment is refused in both places', async () => {
    const { proofs } = honest;
    const [a, b] = [segmentAt('branch'), segmentAt('join')];
    const swapped = { ...honest, proofs: proofs.with(a, proofs[b] ?? null).with(b, proofs[a] ?? null) };
    const problems = await problemsOf(swapped);
    expect(problems).toContain('PROOF_INVALID branch');
    expect(problems).toContain('PROOF_INVALID join');
  });

  it('must be there, one a segment', async () => {
    expect(await problemsOf(withProof('branch', null))).toContain('PROOF_MISSING branch');
    const fewer = await problemsOf({ ...honest, proofs: honest.proofs.slice(0, -1) });
    expect(fewer).toEqual(expect.arrayContaining(['PROOF_COUNT', 'PROOF_MISSING dense']));
    const more = { ...honest, proofs: [...honest.proofs, proofOf('dense')] };
    expect(await problemsOf(more)).toEqual(['PROOF_COUNT']);
  });
});

describeWithEzkl('another job’s proof', () => {
  it('holds by itself, but no link to its neighbours does: a consumer was fed another tensor', async () => {
    const changed = withProof('join', proofOf('join', otherJob));
    expect(await standing(changed)).toEqual(segmentIds);
    const problems = await problemsOf(changed);
    expect(new Set(problems)).toEqual(
      new Set(['LINK_UNEQUAL trunk', 'LINK_UNEQUAL branch.out', 'LINK_UNEQUAL joined']),
    );
  });

  it('brings its own commitments in vain: then the neighbours’ ends are unequal', async () => {
    let changed = withProof('join', proofOf('join', otherJob));
    for (const name of ['trunk', 'branch.out', 'joined'] as const) {
      changed = withCommitment(name, commitmentOf(name, otherJob), changed);
    }
    expect(await standing(changed)).toEqual(segmentIds);
    const report = await check(changed);
    const broken = report.links.filter(({ valid }) => !valid).map(({ edge, reason }) => [edge, reason]);
    expect(broken).toEqual([
      ['trunk', 'the proof of stem binds another value'],
      ['trunk', 'the proof of stem binds another value'],
      ['branch.out', 'the proof of branch binds another value'],
      ['joined', 'the proof of dense binds another value'],
    ]);
    expect(report.sound).toBe(false);
  });

  it('with this job’s commitments pasted over does not verify', async () => {
    const theirs = proofOf('dense', otherJob);
    const bytes = theirs.bytes.slice();
    bytes.set(commitmentOf('joined'), 0);
    const changed = withProof('dense', { bytes, publicInputs: proofOf('dense').publicInputs });
    expect(await problemsOf(changed)).toEqual(['PROOF_INVALID dense']);
  });

  it('at the end gives another answer, and breaks the link before it', async () => {
    const problems = await problemsOf(withProof('dense', proofOf('dense', otherJob)));
    expect(problems).toEqual(['LINK_UNEQUAL joined', 'LINK_UNEQUAL scores']);
  });
});

describeWithEzkl('another model’s segment, of the same shapes', () => {
  it('does not verify under this model’s key, though its input is the same tensor', async () => {
    expect(commitmentOf('trunk', otherModel)).toEqual(commitmentOf('trunk'));
    const changed = withProof('branch', proofOf('branch', otherModel));
    expect(await problemsOf(changed)).toEqual(['PROOF_INVALID branch', 'LINK_UNEQUAL branch.out']);
  });

  it('verifies under its own key, but its output is not what the next segment read', async () => {
    const theirs = withCircuit('branch', circuitOf('branch', otherModel), otherModel);
    const changed = withProof('branch', proofOf('branch', otherModel), theirs);
    expect(await standing(changed)).toEqual(segmentIds);
    expect(await problemsOf(changed, expectHonest())).toEqual([
      'LINK_UNEQUAL branch.out',
      'MODEL_UNEXPECTED',
    ]);
  });

  it('in a whole that fits is another model, which an expectation tells', async () => {
    expect(await problemsOf(otherModel, expectHonest())).toEqual(['MODEL_UNEXPECTED']);
    const digest = { expect: { modelDigest: honest.manifest.recipe.model } };
    expect(await problemsOf(otherModel, digest)).toEqual(['MODEL_UNEXPECTED']);
  });
});

describeWithEzkl('a commitment', () => {
  it('with a changed byte is not what the proofs bind', async () => {
    for (const name of edgeNames) {
      const problems = await problemsOf(withCommitment(name, flipped(commitmentOf(name), 31)));
      expect(problems, name).toContain(`LINK_UNEQUAL ${name}`);
    }
  });

  it('must be there, one a block', async () => {
    const { commitments } = honest;
    const twice = commitments.with(edgeAt('joined'), [commitmentOf('joined'), commitmentOf('joined')]);
    expect(await problemsOf({ ...honest, commitments: twice })).toEqual(['COMMITMENT_COUNT joined']);
    const none = await problemsOf({ ...honest, commitments: commitments.slice(0, -1) });
    expect(none).toEqual(expect.arrayContaining(['COMMITMENT_COUNT', 'LINK_UNEQUAL scores']));
  });

  it('to the tensor and junk behind it is refused, stated everywhere or pasted into both proofs', async () => {
    const { type } = edgeOf('image', concealed);
    const values = proofOf('stem').publicInputs;
    const honestly = kzgCommit(type, values, srsFile);
    expect(honestly).toEqual(commitmentOf('image', concealed));
    const longer = { ...type, shape: [elementCount(type.shape) + 1] };
    const junk = kzgCommit(longer, [...values, 5n], srsFile);
    expect(junk).not.toEqual(honestly);

    const stated = { ...concealed, statements: [{ edge: edgeAt('image', concealed), values }] };
    expect((await check(stated)).problems).toEqual([]);
    const pasted = withBytes(
      'stem',
      (bytes) => {
        const changed = bytes.slice();
        changed.set(junk, 0);
        return changed;
      },
      withCommitment('image', junk, stated),
    );
    expect(await problemsOf(pasted)).toEqual(['PROOF_INVALID stem', 'STATEMENT_UNEQUAL image']);
  });
});

describeWithEzkl('a statement', () => {
  it('is what the proofs bind, in integers and in floats', async () => {
    const [input, output] = honest.statements;
    if (input?.floats === undefined || output === undefined) throw new Error('both sides are stated');
    const change = (statement: typeof input, index: number) => ({
      ...honest,
      statements: honest.statements.with(index, statement),
    });
    const values = output.values.toReversed();
    expect(await problemsOf(change({ ...output, values }, 1))).toEqual(['STATEMENT_UNEQUAL scores']);
    const floats = input.floats.with(3, (input.floats[3] ?? 0) + 0.01);
    expect(await problemsOf(change({ ...input, floats }, 0))).toEqual(['FLOATS_UNEQUAL image']);
    const shifted = input.values.map((value) => value + 1n);
    expect(await problemsOf(change({ ...input, values: shifted }, 0))).toEqual([
      'STATEMENT_UNEQUAL image',
      'FLOATS_UNEQUAL image',
    ]);
    const between = { edge: edgeAt('joined'), values: [1n] };
    expect(await problemsOf({ ...honest, statements: [between] })).toEqual(['STATEMENT_INVALID']);
  });
});

describeWithEzkl('a verifying artifact', () => {
  const roles = ['verifyingKey', 'settings', 'vka', 'evmVerifier'] as const;

  it('with a changed byte is damaged under its digest, and makes another model under its own', async () => {
    for (const role of roles) {
      const bytes = artifactOf('branch', role);
      const digest = sha256Hex(bytes);
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const artifacts = new Map([...honest.artifacts, [digest, flipped(bytes, at)] as const]);
        expect(await problemsOf({ ...honest, artifacts }), role).toContain('ARTIFACT_DAMAGED');
        const filed = withArtifact('branch', role, flipped(bytes, at));
        expect(await problemsOf(filed, expectHonest()), role).toContain('MODEL_UNEXPECTED');
      }
      const artifacts = new Map([...honest.artifacts].filter(([key]) => key !== digest));
      expect(await problemsOf({ ...honest, artifacts }), role).toContain('ARTIFACT_MISSING');
    }
  });

  it('of another circuit is refused, without knowing the model', async () => {
    for (const role of ['verifyingKey', 'settings', 'vka'] as const) {
      const problems = await problemsOf(withArtifact('branch', role, artifactOf('join', role)));
      expect(problems, role).toEqual(expect.arrayContaining([expect.stringMatching(/^(KEY|PROOF)_/)]));
    }
    const changed = withArtifact(
      'branch',
      'verifyingKey',
      flipped(artifactOf('branch', 'verifyingKey'), 200),
    );
    const codes = await problemsOf(changed);
    expect(codes).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(KEY_|PROOF_INVALID branch|ENGINES)/)]),
    );
  });

  it('that says yes to everything is never run', async () => {
    let changed = honest;
    for (const id of segmentIds) changed = withArtifact(id, 'evmVerifier', yes, changed);
    const report = await check(changed);
    for (const { opinions } of report.segments) {
      expect(opinions.map(({ verdict }) => verdict)).toEqual(['valid', 'unavailable']);
    }
    expect(await problemsOf(changed, expectHonest())).toEqual(['MODEL_UNEXPECTED']);
    const bad = withBytes('join', (bytes) => flipped(bytes, bytes.length - 1), changed);
    expect(await problemsOf(bad)).toEqual(['PROOF_INVALID join']);
    // With no other engine, nothing is left that could say yes.
    const alone = await problemsOf(changed, { verifiers: [createEzklVerifier({})] });
    expect(alone).toEqual(segmentIds.map((id) => `PROOF_UNCHECKED ${id}`));
  });
});

describeWithEzkl('an SRS', () => {
  it('other than the neighbours’ is refused, with and without its circuit', async () => {
    const proof = proofOf('join', otherSrs);
    expect(await problemsOf(withProof('join', proof))).toEqual(
      expect.arrayContaining(['PROOF_INVALID join', 'LINK_UNEQUAL joined']),
    );
    const theirs = withProof('join', proof, withCircuit('join', circuitOf('join', otherSrs), otherSrs));
    expect(await problemsOf(theirs)).toEqual(expect.arrayContaining(['PORTS_MISMATCH join', 'SRS_MISSING']));
    const both = {
      ...theirs,
      ...withManifest({ srs: [...honest.manifest.srs, ...otherSrs.manifest.srs].sort() }, theirs),
      srs: new Map([...honest.srs, ...otherSrs.srs]),
      artifacts: new Map([...theirs.artifacts, ...otherSrs.artifacts]),
    };
    const problems = await problemsOf(withArtifacts(both));
    expect(problems).toEqual(expect.arrayContaining(['PORTS_MISMATCH join', 'LINK_UNEQUAL joined']));
    expect(problems).not.toContain('PROOF_INVALID join');
  });

  it('of the manifest is the one that the keys carry', async () => {
    const [id = ''] = honest.manifest.srs;
    const [other = ''] = otherSrs.manifest.srs;
    const renamed = { ...withManifest({ srs: [other] }), srs: new Map([[other, honest.srs.get(id) ?? '']]) };
    expect(await problemsOf(renamed)).toEqual(expect.arrayContaining(['SRS_MISMATCH', 'SRS_MISSING']));
    const replaced = {
      ...honest,
      srs: new Map([[id, otherSrs.srs.get(other) ?? '']]),
      artifacts: new Map([...honest.artifacts, ...otherSrs.artifacts]),
    };
    expect(await problemsOf(withArtifacts(replaced))).toContain('SRS_MISMATCH');
    expect(await problemsOf(otherSrs, expectHonest())).toEqual(['MODEL_UNEXPECTED']);
  });
});

describeWithEzkl('an SRS file', () => {
  /** A file whose Lagrange points open the committed input to other values, and these values. */
  function trapdoor(): { file: Uint8Array; values: bigint[] } {
    const { type } = edgeOf('image', concealed);
    const { publicInputs } = proofOf('stem');
    const [first = 0n] = publicInputs;
    const values = publicInputs.with(0, first + 1n);
    const at = 4 + 64 * 2 ** kzgOf(concealed).k;
    const factor = bn254_Fr.div(first, first + 1n);
    const file = srsFile.slice();
    file.set(writeRawG1(readRawG1(srsFile.subarray(at), 'L0').multiply(factor)), at);
    expect(kzgCommit(type, values, file)).toEqual(commitmentOf('image', concealed));
    return { file, values };
  }

  it('made to open a commitment to other values is refused, carried or given', async () => {
    const { file, values } = trapdoor();
    const stated = { ...concealed, statements: [{ edge: edgeAt('image', concealed), values }] };
    expect(await problemsOf(stated)).toEqual(['STATEMENT_UNEQUAL image']);
    const [id = ''] = concealed.manifest.srs;
    const carrying = withArtifacts({
      ...stated,
      srsFiles: new Map([[id, sha256Hex(file)]]),
      artifacts: new Map([...stated.artifacts, [sha256Hex(file), file]]),
    });
    expect(await problemsOf(carrying)).toEqual(['SRS_MISMATCH', 'STATEMENT_UNCHECKED image']);
    const given = withArtifacts({ ...stated, srsFiles: new Map() });
    expect(await problemsOf(given, { srs: async () => file })).toEqual(['STATEMENT_UNCHECKED image']);
    expect(await problemsOf(given, { srs: async () => srsFile })).toEqual(['STATEMENT_UNEQUAL image']);
  });

  it('of another secret, or where nothing is committed, does not belong', async () => {
    const [id = ''] = concealed.manifest.srs;
    const carried = concealed.srsFiles.get(id) ?? '';
    expect(carried).toBe(sha256Hex(srsFile));
    const idle = {
      ...honest,
      srsFiles: new Map([[id, carried]]),
      artifacts: new Map([...honest.artifacts, [carried, srsFile]]),
    };
    expect(await problemsOf(idle)).toEqual(['SRS_MISMATCH']);
  });
});

describeWithEzkl('a circuit of another size', () => {
  it('proves the same segment, but joins no edge of this one', async () => {
    const { model } = await importModel(proving.path('model.onnx'));
    const [stem] = slice(model, parseDirectStrategy(strategy), () => 1).segments;
    if (stem === undefined) throw new Error('the model has a stem');
    const source: SegmentSource = {
      model: segmentModel(model, stem),
      inputs: [{ scheme: 'public', blinded: false, settled: { scale: edgeOf('image').type.scale } }],
      outputs: [{ scheme: 'kzg', blinded: false }],
    };
    const { k } = kzgOf(honest);
    const larger = await proving.prover.compile(source, formatParams({ ...defaultEzklParams, k: k + 1 }));
    const proof = await proving.prover.prove(larger, [proofOf('stem').publicInputs]);
    expect(await problemsOf(withProof('stem', proof))).toContain('PROOF_INVALID stem');

    const artifacts = Object.values(await proving.prover.artifacts(larger));
    const theirs = { ...honest, artifacts: new Map(artifacts.map((bytes) => [sha256Hex(bytes), bytes])) };
    const changed = withProof('stem', proof, withCircuit('stem', larger.circuit, theirs));
    const problems = await problemsOf(changed, expectHonest());
    expect(problems).toEqual(expect.arrayContaining(['PORTS_MISMATCH stem', 'MODEL_UNEXPECTED']));
  });
});

describeWithEzkl('the manifest', () => {
  it.each<[string, () => Certificate, string]>([
    ['a scale', () => withType('trunk', { scale: edgeOf('trunk').type.scale + 1 }), 'KEY_MISMATCH'],
    [
      'k',
      () => withType('trunk', { scheme: { ...kzgOf(honest), k: 12, usableRows: 4_090 } }),
      'KEY_MISMATCH',
    ],
    [
      'the usable rows',
      () => withType('trunk', { scheme: { ...kzgOf(honest), usableRows: 2_000 } }),
      'KEY_MISMATCH',
    ],
    [
      'an SRS id',
      () => withType('trunk', { scheme: { ...kzgOf(honest), srs: 'ab'.repeat(32) } }),
      'SRS_MISMATCH',
    ],
    ['a scheme', () => withType('trunk', { scheme: { name: 'public' } }), 'TYPE_INVALID'],
    ['an interval', () => withType('trunk', { interval: { lo: -5n, hi: 5n } }), 'KEY_MISMATCH'],
    ['a size', () => withType('trunk', { shape: [1, 2, 6, 5] }), 'KEY_MISMATCH'],
    ['a sign', () => withType('image', { signed: false }), 'TYPE_INVALID'],
  ])('with %s changed on an edge and all its ports says other than its keys', async (_, change, code) => {
    expect(await problemsOf(change())).toContain(code);
  });

  it('with an edge changed but not its ports does not fit them', async () => {
    const { edges } = honest.manifest.graph;
    const trunk = edgeOf('trunk');
    const changed = edges.with(edgeAt('trunk'), {
      ...trunk,
      type: { ...trunk.type, scale: trunk.type.scale + 1 },
    });
    expect(await problemsOf(withGraph({ edges: changed }))).toContain('PORTS_MISMATCH stem');
  });

  it('in an equal arrangement of the same elements, or with another recipe, is another model', async () => {
    const { recipe } = honest.manifest;
    for (const changed of [
      withType('trunk', { shape: [1, 2, 4, 9] }),
      withManifest({ recipe: { ...recipe, model: '00'.repeat(32) } }),
      withManifest({ recipe: { ...recipe, strategy: 'layer' } }),
      withManifest({ recipe: { ...recipe, version: '9.9.9' } }),
      withManifest({ recipe: { ...recipe, parameters: recipe.parameters.map(() => '{}') } }),
      withManifest({ recipe: { ...recipe, shapes: {} } }),
    ]) {
      expect(await problemsOf(changed, expectHonest())).toEqual(['MODEL_UNEXPECTED']);
    }
  });

  it('wired otherwise is refused by the links, or for its types', async () => {
    const { segments } = honest.manifest.graph;
    const join = segmentAt('join');
    const rewired = segments.map((segment, index) =>
      index === join ? { ...segment, inputs: segment.inputs.toReversed() } : segment,
    );
    const problems = await problemsOf(withGraph({ segments: rewired }));
    expect(problems).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(LINK_UNEQUAL|PORTS_MISMATCH)/)]),
    );
    const skipping = segments.map((segment, index) =>
      index === join
        ? { ...segment, inputs: segment.inputs.map(() => ({ edge: edgeAt('trunk'), block: 0 })) }
        : segment,
    );
    expect(await problemsOf(withGraph({ segments: skipping }))).toContain('EDGE_DANGLING branch.out');
  });

  it('with a segment missing or twice is incomplete', async () => {
    const { segments } = honest.manifest.graph;
    const at = segmentAt('branch');
    const missing = {
      ...withGraph({ segments: segments.toSpliced(at, 1) }),
      proofs: honest.proofs.toSpliced(at, 1),
    };
    expect(await problemsOf(missing)).toContain('BLOCK_UNPRODUCED branch.out');
    const branch = segments[at];
    if (branch === undefined) throw new Error('the graph has a branch');
    const twice = {
      ...withGraph({ segments: segments.toSpliced(at, 0, { ...branch, id: 'again' }) }),
      proofs: honest.proofs.toSpliced(at, 0, proofOf('branch')),
    };
    expect(await problemsOf(twice)).toEqual(['BLOCK_PRODUCED_TWICE branch']);
  });

  it('with an edge that nobody reads is incomplete', async () => {
    const { edges, inputs } = honest.manifest.graph;
    const loose = { ...edgeOf('image'), name: 'loose' };
    const changed = {
      ...withGraph({ edges: [...edges, loose], inputs: [...inputs, edges.length] }),
      commitments: [...honest.commitments, [commitmentOf('image')]],
    };
    expect(await problemsOf(changed)).toEqual(['EDGE_DANGLING loose']);
  });
});
