import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { audit } from '../node/audit.ts';
import { readOpening } from '../node/files/opening-file.ts';
import type { ProveModules } from '../node/prove.ts';
import type { Certificate, Proof } from '../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../protocol/certificate-codec.ts';
import { type CheckOptions, checkCertificate } from '../protocol/check.ts';
import { elementCount } from '../protocol/edge.ts';
import { readIntegers, scalarModulus, writeIntegers } from '../protocol/field.ts';
import { modelId } from '../protocol/ids.ts';
import { commit } from '../protocol/poseidon2/index.ts';
import type { ProofVerifier } from '../protocol/verifier.ts';
import { branchingModel } from './support/branching-model.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';
import { flipped, forging } from './support/forging.ts';
import { image, limits, Proving } from './support/proving.ts';
import { remembering } from './support/remembering-verifier.ts';
import { twoProversModel } from './support/two-provers-model.ts';

/** stem → (trunk) → branch → (branch.out) → join → (joined) → magnitude → (magnitudes) → dense; join reads trunk, too. */
const strategy = 'cuts=trunk,branch.out,joined,magnitudes';

let proving: Proving;
let modules: ProveModules;
let verifiers: readonly ProofVerifier[];
let model: string;
let honest: Certificate;
/** The same model and calibration on another image. */
let otherJob: Certificate;
/** The same job under keys of another one-party setup. */
let otherKeys: Certificate;
/** Tessera's own circuits alone, with the input committed, and what opens it. */
let concealed: { certificate: Certificate; blinding: bigint };

const {
  proofOf,
  commitmentOf,
  edgeAt,
  edgeOf,
  circuitOf,
  withProof,
  withBytes,
  withCommitment,
  withManifest,
  withCircuit,
  withArtifact,
  artifactOf,
  withType,
} = forging(() => honest);

beforeAll(async () => {
  proving = await Proving.open();
  modules = await proving.bothProvers();
  verifiers = modules.verifiers.map(remembering);
  model = await proving.writeModel('model.onnx', twoProversModel());
  const input = await proving.writeInputs('input.json', { image: image(36) });
  const otherInput = await proving.writeInputs('other-input.json', { image: image(36, 2) });
  const calibration = await proving.writeInputs('samples.json', {
    image: [...image(36), ...image(36, 2), ...image(36, 3)],
  });
  const job = { model, input, calibration, strategy, out: proving.path('certificate') };
  honest = (await proving.certify(job, modules)).certificate;
  otherJob = (await proving.certify({ ...job, input: otherInput }, modules)).certificate;
  otherKeys = (await proving.certify(job, await proving.bothProvers('other-cache'))).certificate;

  const own = await proving.writeModel('own.onnx', branchingModel());
  const { certificate, report } = await proving.certify(
    { ...job, model: own, strategy: 'cuts=trunk,joined', prover: 'groth16', commit: 'input' },
    modules,
  );
  const [blinding = 0n] = (await readOpening(report.opening ?? '')).image ?? [];
  concealed = { certificate, blinding };
});
afterAll(() => proving.close());

function check(certificate: Certificate, options: Partial<CheckOptions> = {}) {
  return proving.check(certificate, { verifiers, ...options });
}

async function problemsOf(certificate: Certificate, options: Partial<CheckOptions> = {}): Promise<string[]> {
  const report = await check(certificate, options);
  expect(report.sound).toBe(false);
  return report.problems.map(({ code, segment, edge }) => [code, segment ?? edge].filter(Boolean).join(' '));
}

async function standing(certificate: Certificate): Promise<string[]> {
  const { segments } = await check(certificate);
  return segments.filter(({ valid }) => valid).map(({ id }) => id);
}

/** A record that claims a ceremony for the constraints of this one. */
function boast(record: Uint8Array): Uint8Array {
  const { constraints } = JSON.parse(new TextDecoder().decode(record)) as { constraints: string };
  const claim = { trust: 'ceremony', constraints, transcript: '00'.repeat(32) };
  const contributors = { powersContributors: 9, circuitContributors: 9 };
  return new TextEncoder().encode(JSON.stringify({ ...claim, ...contributors }));
}

const ids = ['stem', 'branch', 'join', 'magnitude', 'dense'];

describeWithEzkl('a model of two provers', () => {
  it('is proven by Tessera’s own circuits where they can, and by ezkl where not', async () => {
    const provers = Object.fromEntries(ids.map((id) => [id, circuitOf(id).prover]));
    expect(provers).toEqual({
      stem: 'groth16',
      branch: 'groth16',
      join: 'groth16',
      magnitude: 'ezkl',
      dense: 'groth16',
    });
    const schemes = honest.manifest.graph.edges.map(({ name, type }) => [name, type.scheme.name]);
    expect(Object.fromEntries(schemes)).toEqual({
      image: 'public',
      trunk: 'poseidon2',
      'branch.out': 'poseidon2',
      joined: 'public',
      magnitudes: 'public',
      scores: 'public',
    });
  });

  it('gives a valid certificate, from which the forgeries below are made', async () => {
    for (const certificate of [honest, otherJob, otherKeys]) {
      const report = await check(certificate);
      expect(report.problems).toEqual([]);
      expect(report).toMatchObject({ valid: true, trust: 'development' });
    }
    expect(modelId(otherJob.manifest)).toBe(modelId(honest.manifest));
    expect(await check(honest, { allowDevelopment: false })).toMatchObject({ valid: false, sound: true });
  });

  it('fails an audit whose recipe asks for circuits that the prover does not make', async () => {
    const manifest = proving.path('coarse');
    const { recipe } = honest.manifest;
    for (const [from, to] of [
      ['"activationBits":7', '"activationBits":3'],
      ['"headroomBits":1', '"headroomBits":17'],
      ['"ranges":{', '"ranges":{"nowhere":[1,-1],'],
    ] as const) {
      const parameters = recipe.parameters.map((text) => text.replace(from, to));
      expect(parameters).not.toEqual(recipe.parameters);
      const coarse = withManifest({ recipe: { ...recipe, parameters } });
      await writeFile(manifest, encodeCertificate(coarse));
      const { ok, problems } = await audit({ manifest, model, limits }, modules);
      expect({ ok, codes: problems.map(({ code }) => code) }).toEqual({
        ok: false,
        codes: ['REBUILD_FAILED'],
      });
    }
  });

  it('is audited with what the auditor makes of the model', async () => {
    const manifest = proving.path('audited');
    const audited = async (certificate: Certificate) => {
      await writeFile(manifest, encodeCertificate(certificate));
      return audit({ manifest, model, limits }, modules);
    };
    expect(await audited(honest)).toMatchObject({ ok: true, problems: [] });
    // The setup's record is what ties a circuit's keys to its constraints.
    const record = artifactOf('join', 'setup');
    const foreign = await audited(withArtifact('branch', 'setup', record));
    expect(foreign.problems.map(({ code }) => code)).toEqual(['KEY_DIFFERS', 'MODEL_ID_DIFFERS']);
    const retyped = await audited(withType('trunk', { interval: { lo: 0n, hi: 2n ** 20n - 1n } }));
    expect(retyped.problems.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['EDGE_DIFFERS', 'PORTS_DIFFER', 'MODEL_ID_DIFFERS']),
    );
  });
});

describeWithEzkl('a Groth16 proof', () => {
  it('with a changed byte anywhere is refused', async () => {
    for (const at of [0, 31, 70, 140, 200, 255]) {
      const problems = await problemsOf(withBytes('join', (bytes) => flipped(bytes, at)));
      expect([['PROOF_INVALID join'], ['PROOF_MALFORMED join']], `byte ${at}`).toContainEqual(problems);
    }
  });

  it('that is cut or continued is malformed', async () => {
    for (const change of [
      (bytes: Uint8Array) => bytes.slice(0, -32),
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(32)]),
    ]) {
      expect(await problemsOf(withBytes('join', change))).toContain('PROOF_MALFORMED join');
    }
  });

  it('is bound to its context: one made for another claim does not count here', async () => {
    const proof = proofOf('branch');
    const publicInputs = proof.publicInputs.with(0, 1n);
    expect(await problemsOf(withProof('branch', { ...proof, publicInputs }))).toEqual([
      'PROOF_INVALID branch',
    ]);
  });

  it('with another commitment or public value is refused, and its edge does not hold', async () => {
    const changed = (proof: Proof, at: number) => ({
      ...proof,
      publicInputs: proof.publicInputs.with(at, ((proof.publicInputs.at(at) ?? 0n) + 1n) % scalarModulus),
    });
    expect(await problemsOf(withProof('branch', changed(proofOf('branch'), 1)))).toEqual([
      'PROOF_INVALID branch',
      'LINK_UNEQUAL trunk',
    ]);
    expect(await problemsOf(withProof('dense', changed(proofOf('dense'), -1)))).toEqual([
      'PROOF_INVALID dense',
      'LINK_UNEQUAL scores',
    ]);
  });

  it('with a public input plus the modulus has no encoding, and is refused in memory too', async () => {
    const proof = proofOf('branch');
    const publicInputs = proof.publicInputs.map((value) => value + scalarModulus);
    const changed = withProof('branch', { ...proof, publicInputs });
    expect(() => encodeCertificate(changed)).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
    const report = await checkCertificate(changed, { verifiers: modules.verifiers, allowDevelopment: true });
    expect(report.problems.map(({ code }) => code)).toContain('PROOF_MALFORMED');
  });

  it('of another segment, or none, is refused', async () => {
    const problems = await problemsOf(withProof('branch', proofOf('join')));
    expect(problems.some((problem) => /^PROOF_(INVALID|MALFORMED) branch$/.test(problem))).toBe(true);
    expect(await problemsOf(withProof('branch', null))).toContain('PROOF_MISSING branch');
  });
});

describeWithEzkl('another job’s proof', () => {
  it('holds by itself, but no link to its neighbours does, within one scheme and across two', async () => {
    const own = withProof('branch', proofOf('branch', otherJob));
    expect(await standing(own)).toEqual(ids);
    expect(new Set(await problemsOf(own))).toEqual(
      new Set(['LINK_UNEQUAL trunk', 'LINK_UNEQUAL branch.out']),
    );
    const across = withProof('magnitude', proofOf('magnitude', otherJob));
    expect(await standing(across)).toEqual(ids);
    expect(new Set(await problemsOf(across))).toEqual(
      new Set(['LINK_UNEQUAL joined', 'LINK_UNEQUAL magnitudes']),
    );
  });

  it('brings its own values in vain: then the neighbours’ ends are unequal', async () => {
    let changed = withProof('magnitude', proofOf('magnitude', otherJob));
    for (const name of ['joined', 'magnitudes'] as const) {
      changed = withCommitment(name, commitmentOf(name, otherJob), changed);
    }
    expect(await standing(changed)).toEqual(ids);
    const { links, sound } = await check(changed);
    expect(sound).toBe(false);
    expect(links.filter(({ valid }) => !valid).map(({ edge, reason }) => [edge, reason])).toEqual([
      ['joined', 'the proof of join binds another value'],
      ['magnitudes', 'the proof of dense binds another value'],
    ]);
  });
});

describeWithEzkl('keys', () => {
  it('of another setup verify none of these proofs, and make another model', async () => {
    const theirs = withCircuit('branch', circuitOf('branch', otherKeys), otherKeys);
    expect(await problemsOf(theirs)).toEqual(['PROOF_INVALID branch']);
    const both = withProof('branch', proofOf('branch', otherKeys), theirs);
    const expected = { expect: { modelId: modelId(honest.manifest) } };
    expect(await problemsOf(both, expected)).toEqual(['MODEL_UNEXPECTED']);
  });

  it('of the neighbouring circuit are refused', async () => {
    for (const role of ['verifyingKey', 'setup'] as const) {
      const problems = await problemsOf(withArtifact('branch', role, artifactOf('join', role)), {
        expect: { modelId: modelId(honest.manifest) },
      });
      expect(problems, role).toContain('MODEL_UNEXPECTED');
    }
    const problems = await problemsOf(
      withArtifact('branch', 'verifyingKey', artifactOf('join', 'verifyingKey')),
    );
    expect(problems.some((problem) => /^(KEY_\w+|PROOF_\w+ branch)$/.test(problem))).toBe(true);
  });

  it('that call themselves a ceremony’s without one make another model', async () => {
    const changed = withArtifact('branch', 'setup', boast(artifactOf('branch', 'setup')));
    const expected = { expect: { modelId: modelId(honest.manifest) } };
    expect(await problemsOf(changed, expected)).toEqual(['MODEL_UNEXPECTED']);
    // Without an expectation the audit finds out: no such transcript was ever verified.
    const manifest = proving.path('boast');
    await writeFile(manifest, encodeCertificate(changed));
    await expect(audit({ manifest, model, limits }, modules)).rejects.toMatchObject({
      code: 'KEYS_MISSING',
    });
  });
});

describeWithEzkl('a ceremony', () => {
  it('is only as good as who audited it: the record alone is not believed', async () => {
    const { segmentIds, withArtifact, artifactOf } = forging(() => concealed.certificate);
    const forged = segmentIds().reduce(
      (certificate, id) => withArtifact(id, 'setup', boast(artifactOf(id, 'setup')), certificate),
      concealed.certificate,
    );
    const unknown = await check(forged, { allowDevelopment: false });
    expect(unknown).toMatchObject({ valid: false, sound: true, trust: 'development' });
    expect(unknown.problems.map(({ code }) => code)).toEqual(['TRUST_DEVELOPMENT']);
    const digest = { modelDigest: forged.manifest.recipe.model };
    expect(await check(forged, { allowDevelopment: false, expect: digest })).toMatchObject({ valid: false });
    // Whoever expects this id says that its setups were audited.
    const audited = { modelId: modelId(forged.manifest) };
    expect(await check(forged, { allowDevelopment: false, expect: audited })).toMatchObject({
      valid: true,
      trust: 'ceremony',
    });
  });
});

describeWithEzkl('a circuit', () => {
  it('cannot be passed off as another prover’s', async () => {
    const circuits = honest.manifest.circuits.map((circuit) => ({ ...circuit, prover: 'ezkl' }));
    const problems = await problemsOf(withManifest({ circuits }));
    expect(new Set(problems)).toEqual(new Set(['KEY_MISMATCH']));
  });
});

describeWithEzkl('an edge', () => {
  it('under another scheme than its ports’ circuits bind is refused', async () => {
    const blinded = withType('trunk', { scheme: { name: 'poseidon2', blinded: true } });
    const open = withType('trunk', { scheme: { name: 'public' } });
    const expected = { expect: { modelId: modelId(honest.manifest) } };
    expect(await problemsOf(blinded, expected)).toContain('MODEL_UNEXPECTED');
    expect(await problemsOf(open)).toEqual(expect.arrayContaining([expect.stringMatching(/^KEY_/)]));
  });

  it('between two provers holds public values to its interval', async () => {
    const [value = 0n] = readIntegers(commitmentOf('joined'));
    const narrow = withType('joined', { interval: { lo: value + 1n, hi: value + 1n } });
    expect(await problemsOf(narrow)).toContain('VALUE_OUT_OF_INTERVAL joined');
    const values = readIntegers(commitmentOf('joined')).with(0, 2n ** 40n);
    const problems = await problemsOf(withCommitment('joined', writeIntegers(values)));
    expect(problems).toEqual(expect.arrayContaining(['VALUE_OUT_OF_INTERVAL joined', 'LINK_UNEQUAL joined']));
  });
});

describeWithEzkl('a committed input', () => {
  const options = () => ({ blindings: { image: [concealed.blinding] } });
  const values = () =>
    Array.from(image(36), (pixel) => BigInt(Math.round(pixel * 2 ** (typeOf().scale ?? 0))));
  const typeOf = () => edgeOf('image', concealed.certificate).type;

  it('opens to the image with its blinding value, and to nothing without', async () => {
    const { certificate } = concealed;
    expect(typeOf().scheme).toEqual({ name: 'poseidon2', blinded: true });
    const expected = { expect: { inputs: { image: values() } } };
    expect(await check(certificate, { ...expected, ...options() })).toMatchObject({ valid: true });
    expect(await problemsOf(certificate, expected)).toEqual(['INPUT_UNEXPECTED image']);
    const wrong = { blindings: { image: [concealed.blinding + 1n] } };
    expect(await problemsOf(certificate, { ...expected, ...wrong })).toEqual(['INPUT_UNEXPECTED image']);
    const other = { expect: { inputs: { image: values().with(0, 1n) } } };
    expect(await problemsOf(certificate, { ...other, ...options() })).toEqual(['INPUT_UNEXPECTED image']);
  });

  it('hides what a guess without the blinding value would confirm', () => {
    const type = typeOf();
    if (type.interval === 'unproven') throw new Error('the interval is proven');
    const guess = commit({ ...type, interval: type.interval }, values());
    expect(elementCount(type.shape)).toBe(36);
    expect(guess).not.toEqual(concealed.certificate.commitments[edgeAt('image', concealed.certificate)]?.[0]);
  });

  it('stands in no statement', () => {
    const file = decodeCertificate(encodeCertificate(concealed.certificate));
    expect(file.statements.map(({ edge }) => file.manifest.graph.edges[edge]?.name)).toEqual(['scores']);
  });
});
