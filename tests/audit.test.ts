import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArtifactCache } from '../node/artifacts/cache.ts';
import { sha256File } from '../node/artifacts/digest.ts';
import { type AuditReport, audit } from '../node/audit.ts';
import type { Model } from '../node/model/model.ts';
import { writeModel } from '../node/model/onnx/index.ts';
import { openCalibrationStore } from '../node/plan/calibration-store.ts';
import { chooseForEzkl } from '../node/plan/parameters/ezkl.ts';
import { prove } from '../node/prove.ts';
import { createEzklProver, type EzklProver } from '../node/provers/ezkl/prover.ts';
import { developmentSrs, publishedSrs, type SrsSource } from '../node/provers/ezkl/srs.ts';
import { createEngineThread } from '../node/provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../node/provers/ezkl/verifier/index.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../protocol/certificate-codec.ts';
import { checkCertificate } from '../protocol/check.ts';
import { modelId, sha256Hex } from '../protocol/ids.ts';
import type { Circuit, Manifest } from '../protocol/manifest.ts';
import { encodeManifest } from '../protocol/manifest-codec.ts';
import { branchingModel } from './support/branching-model.ts';
import { tessera } from './support/command-line.ts';
import { describeWithEzkl, requireEzklPython } from './support/ezkl-python.ts';

const limits = { parallel: 2, memory: 4e9 };
const engine = createEngineThread();
const verifier = createEzklVerifier({ engine });
const provers: EzklProver[] = [];
let directory: string;
/** The auditor's data directory. */
let home: string;
let model: string;
let honest: Certificate;
let srs: { path: string; sha256: string };
let auditor: EzklProver;

/** A prover with a cache of its own. */
function open(cacheDirectory: string, source: (cache: ArtifactCache) => SrsSource): EzklProver {
  const cache = new ArtifactCache({ directory: cacheDirectory, maxBytes: 2e9 });
  const prover = createEzklProver({
    python: requireEzklPython(),
    cache,
    srs: source(cache),
    directory,
    workers: limits.parallel,
  });
  provers.push(prover);
  return prover;
}

const modulesOf = (prover: EzklProver) => ({
  provers: new Map([['ezkl', prover]]),
  choices: new Map([['ezkl', chooseForEzkl]]),
  calibrations: openCalibrationStore(join(directory, 'calibrations')),
  verifiers: [verifier],
});

async function save(name: string, content: Model): Promise<string> {
  const path = join(directory, name);
  await writeModel(content, path);
  return path;
}

async function certify(path: string, prover: EzklProver): Promise<Certificate> {
  const out = `${path}.cert`;
  const input = join(directory, 'image.json');
  await prove({ model: path, input, strategy: 'layer', limits, out }, modulesOf(prover));
  return decodeCertificate(new Uint8Array(await readFile(out)));
}

async function auditBytes(bytes: Uint8Array, options: { model?: string; prover?: EzklProver } = {}) {
  const manifest = join(directory, 'audited');
  await writeFile(manifest, bytes);
  return audit({ manifest, model: options.model ?? model, limits }, modulesOf(options.prover ?? auditor));
}

const auditManifest = (change: Partial<Manifest>, options?: { model?: string; prover?: EzklProver }) =>
  auditBytes(encodeManifest({ ...honest.manifest, ...change }), options);
const codes = ({ problems }: AuditReport) => [...new Set(problems.map(({ code }) => code))].sort();
const withGraph = (change: Partial<Manifest['graph']>) => ({
  graph: { ...honest.manifest.graph, ...change },
});
const withRecipe = (change: Partial<Manifest['recipe']>) => ({
  recipe: { ...honest.manifest.recipe, ...change },
});
const withFirstCircuit = (change: (circuit: Circuit) => Partial<Circuit>) => ({
  circuits: honest.manifest.circuits.map((circuit, i) =>
    i === 0 ? { ...circuit, ...change(circuit) } : circuit,
  ),
});

/** The same shapes, and nothing that depends on the input: whatever is shown, the scores are zero. */
function zeroWeights(content: Model): Model {
  const zero = { kind: 'fill', value: 0 } as const;
  return {
    ...content,
    constants: new Map([...content.constants].map(([name, { type }]) => [name, { type, source: zero }])),
  };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-audit-'));
  home = join(directory, 'home');
  await mkdir(home);
  await writeFile(
    join(directory, 'image.json'),
    JSON.stringify({ image: Array.from({ length: 36 }, (_, i) => i / 64) }),
  );
  model = await save('honest.onnx', branchingModel());
  const maker = open(join(directory, 'maker'), developmentSrs);
  honest = await certify(model, maker);
  const k = JSON.parse(honest.manifest.recipe.parameters[0] ?? '{}').k;
  const path = await maker.srsFile(k);
  srs = { path, sha256: await sha256File(path) };
  auditor = open(join(home, 'cache'), (cache) => publishedSrs(cache, srs.path, srs.sha256));
});
afterAll(async () => {
  await Promise.all(provers.map((prover) => prover.close()));
  await engine.close();
  await rm(directory, { recursive: true, force: true });
});

describeWithEzkl('what is honest', () => {
  it('audits ok with another cache and the same SRS, as a certificate and as a manifest', async () => {
    const expected = { ok: true, model: modelId(honest.manifest), problems: [] };
    const near = { name: 'scores', maxDifference: expect.any(Number), maxMagnitude: expect.any(Number) };
    expect(await auditBytes(encodeCertificate(honest))).toEqual({
      ...expected,
      trust: 'development',
      fidelity: { outputs: [{ ...near, sameClass: true }], statedFloats: true, uncompared: [] },
    });
    expect(await auditManifest({})).toEqual({
      ...expected,
      fidelity: { outputs: [], statedFloats: false, uncompared: [expect.any(String)] },
    });
  });

  it('audits ok on the command line, which exits with 0, and with 1 for another model or too small a tolerance', async () => {
    await symlink(dirname(dirname(requireEzklPython())), join(home, 'python'));
    const other = await save('other-seed.onnx', branchingModel(99));
    const run = (path: string, ...flags: string[]) =>
      tessera(
        [
          ...['audit', `${model}.cert`, '--model', path, ...flags],
          ...['--srs', srs.path, '--srs-digest', srs.sha256],
        ],
        { TESSERA_HOME: home, TESSERA_WITHOUT_GROTH16: '1' },
      );
    const good = await run(model, '--tolerance', '0.5', '--json');
    expect([good.status, JSON.parse(good.stdout)]).toEqual([
      0,
      expect.objectContaining({
        ok: true,
        problems: [],
        fidelity: expect.objectContaining({ outputs: [expect.objectContaining({ name: 'scores' })] }),
      }),
    ]);
    const strict = await run(model, '--tolerance', '0');
    expect([strict.status, strict.stdout]).toEqual([
      1,
      expect.stringMatching(
        /^output scores: at most .* from the float model’s.*\nFLOAT_DIFFERS: output scores/m,
      ),
    ]);
    const bad = await run(other, '--json');
    const { ok, problems } = JSON.parse(bad.stdout);
    expect([bad.status, ok]).toEqual([1, false]);
    expect(problems).toContainEqual({
      code: 'MODEL_DIFFERS',
      message: expect.any(String),
      remedy: expect.stringContaining('--model'),
    });
  }, 600_000);
});

describeWithEzkl('what is caught', () => {
  it('the keys of trivial circuits of the same shapes, in a certificate that verifies', async () => {
    const trivialModel = await save('trivial.onnx', zeroWeights(branchingModel()));
    const maker = provers[0] as EzklProver;
    const trivial = await certify(trivialModel, maker);
    const forged = {
      ...trivial,
      manifest: {
        ...trivial.manifest,
        recipe: { ...trivial.manifest.recipe, model: honest.manifest.recipe.model },
      },
    };
    const report = await checkCertificate(forged, { verifiers: [verifier], allowDevelopment: true });
    expect(report.valid).toBe(true);
    const found = await auditBytes(encodeCertificate(forged));
    expect(codes(found)).toEqual(['KEY_DIFFERS', 'MODEL_ID_DIFFERS']);
    const keys = found.problems.filter(({ message }) => message.includes('its verifyingKey is'));
    expect(keys.map(({ circuit }) => circuit)).toEqual([0, 1, 2]);
  });

  it('other weights', async () => {
    const found = await auditManifest({}, { model: await save('other.onnx', branchingModel(8)) });
    expect(codes(found)).toEqual(['KEY_DIFFERS', 'MODEL_DIFFERS', 'MODEL_ID_DIFFERS']);
  });

  it('another strategy', async () => {
    expect(codes(await auditManifest(withRecipe({ strategy: 'parts=1' })))).toContain('SEGMENT_DIFFERS');
  });

  it('another scale', async () => {
    const parameters = honest.manifest.recipe.parameters.map((text) =>
      text.replace(/"scale":\d+/, '"scale":6'),
    );
    const found = codes(await auditManifest(withRecipe({ parameters })));
    expect(found).toEqual(expect.arrayContaining(['EDGE_DIFFERS', 'KEY_DIFFERS', 'PORTS_DIFFER']));
  });

  it('a scale that is stated of the right circuits', async () => {
    const retyped = <T extends { scale: number }>(type: T): T => ({ ...type, scale: type.scale + 1 });
    const found = await auditManifest({
      ...withGraph({
        edges: honest.manifest.graph.edges.map((edge) => ({ ...edge, type: retyped(edge.type) })),
      }),
      circuits: honest.manifest.circuits.map((circuit) => ({
        ...circuit,
        inputs: circuit.inputs.map(retyped),
        outputs: circuit.outputs.map(retyped),
      })),
    });
    expect(codes(found)).toEqual(['EDGE_DIFFERS', 'MODEL_ID_DIFFERS', 'PORTS_DIFFER']);
  });

  it('swapped circuits', async () => {
    const swapped = honest.manifest.graph.segments.map((segment) => ({
      ...segment,
      circuit: [1, 0][segment.circuit] ?? segment.circuit,
    }));
    const found = await auditManifest(withGraph({ segments: swapped }));
    expect(codes(found)).toContain('ASSIGNMENT_DIFFERS');
    expect(codes(found)).not.toContain('KEY_DIFFERS');
  });

  it('changed wiring', async () => {
    const { segments } = honest.manifest.graph;
    const [image] = honest.manifest.graph.inputs;
    const rewired = segments.map((segment, i) =>
      i === 0 ? segment : { ...segment, inputs: segment.inputs.map(() => ({ edge: image ?? 0, block: 0 })) },
    );
    const found = codes(await auditManifest(withGraph({ segments: rewired })));
    expect(found).toEqual(expect.arrayContaining(['EDGE_DANGLING', 'PORTS_MISMATCH', 'WIRING_DIFFERS']));
  });

  it('another result of the whole', async () => {
    const { outputs, edges } = honest.manifest.graph;
    const inner = edges.findIndex(
      (_, i) => !outputs.includes(i) && !honest.manifest.graph.inputs.includes(i),
    );
    expect(codes(await auditManifest(withGraph({ outputs: [...outputs, inner] })))).toEqual([
      'MODEL_ID_DIFFERS',
      'WIRING_DIFFERS',
    ]);
  });

  it('an edge in other blocks', async () => {
    const [input = 0] = honest.manifest.graph.inputs;
    const edges = honest.manifest.graph.edges.map((edge, i) => ({
      ...edge,
      blocks: i === input ? [...edge.blocks, ...edge.blocks] : edge.blocks,
    }));
    expect(codes(await auditManifest(withGraph({ edges })))).toContain('EDGE_DIFFERS');
  });

  it('another kind of output, another verifier, a missing artifact', async () => {
    const outcome = await auditManifest(
      withFirstCircuit(({ artifacts: { vka: _, ...artifacts } }) => ({
        adapter: 'ezkl/halo2-kzg/0.0.0',
        artifacts,
        output: { kind: 'tolerance', operators: ['Sqrt'] },
      })),
    );
    expect(codes(outcome)).toEqual(['CIRCUIT_DIFFERS', 'KEY_DIFFERS', 'MODEL_ID_DIFFERS']);
    expect(outcome.problems.filter(({ code }) => code === 'CIRCUIT_DIFFERS')).toHaveLength(2);
    expect(outcome.problems.filter(({ code }) => code === 'KEY_DIFFERS')).toHaveLength(1);
  });

  it.each([
    ['weights that are not fixed', 'param_visibility', 'Private'],
    ['matrix products by random projections', 'disable_freivalds', false],
    ['missing range checks', 'ignore_range_check_inputs_outputs', true],
  ])('weak settings: %s', async (_, name, value) => {
    const digest = honest.manifest.circuits[0]?.artifacts.settings ?? '';
    const settings = JSON.parse(new TextDecoder().decode(honest.artifacts.get(digest)));
    settings.run_args[name] = value;
    const bytes = new TextEncoder().encode(JSON.stringify(settings));
    const artifacts = new Map(honest.artifacts).set(sha256Hex(bytes), bytes);
    artifacts.delete(digest);
    const weak = withFirstCircuit((circuit) => ({
      artifacts: { ...circuit.artifacts, settings: sha256Hex(bytes) },
    }));
    const found = await auditBytes(
      encodeCertificate({ ...honest, artifacts, manifest: { ...honest.manifest, ...weak } }),
    );
    expect(codes(found)).toEqual(expect.arrayContaining(['KEY_DIFFERS', 'KEY_WEAK']));
  });

  it('a node that the prover is known to prove wrongly', async () => {
    const content = branchingModel();
    const nodes = content.nodes.map((node) =>
      node.operator === 'Relu' ? { ...node, operator: 'Mish' } : node,
    );
    const opsets = new Map([['', 18]]);
    const found = await auditManifest({}, { model: await save('mish.onnx', { ...content, nodes, opsets }) });
    expect(codes(found)).toContain('OPERATOR_UNPROVABLE');
    expect(codes(found)).toContain('MODEL_DIFFERS');
  });

  it('another SRS: names both and says what to do, instead of calling the keys wrong', async () => {
    const prover = open(join(directory, 'stranger'), developmentSrs);
    const found = await auditManifest({}, { prover });
    expect(found).toMatchObject({ ok: false, problems: [{ code: 'SRS_DIFFERS' }] });
    const [problem] = found.problems;
    expect(problem?.message).toContain(honest.manifest.srs[0]);
    expect(problem?.message).toMatch(/the prover has [0-9a-f]{64}$/);
    expect(problem?.remedy).toContain('--srs FILE --srs-digest');
  });

  const parameters = '{"decompBase":1024,"decompLegs":3,"innerColumns":2,"k":12,"scale":7}';
  it.each([
    'null',
    '[]',
    '{',
    parameters.replace('"k":12', '"k":25'),
    parameters.replace('"k":12', '"k":"12"'),
    parameters.replace('"k":12,', ''),
    parameters.replace('{', '{"params":"private",'),
    ` ${parameters}`,
    parameters.replace('"k":12', '"k":12,"k":12'),
    'x'.repeat(60_000),
  ])('parameters that are none: %.40s', async (text) => {
    const recipe = withRecipe({ parameters: honest.manifest.recipe.parameters.map(() => text) });
    expect(codes(await auditManifest(recipe))).toEqual(['RECIPE_INVALID']);
  });

  it.each([
    ['a strategy', { strategy: 'parts=0' }],
    ['a cut', { strategy: 'cuts=nowhere' }],
    ['shapes', { shapes: { image: [1, 2, 6, 6] } }],
    ['too few parameters', { parameters: [] }],
  ])('%s that the model does not have', async (_, change) => {
    expect(codes(await auditManifest(withRecipe(change)))).toContain('RECIPE_INVALID');
  });

  it('everything at once, and not only the first thing', async () => {
    const found = await auditManifest({
      ...withRecipe({ model: '00'.repeat(32), version: '9' }),
      ...withGraph({
        edges: honest.manifest.graph.edges.map((edge) => ({ ...edge, name: `${edge.name}.` })),
      }),
      ...withFirstCircuit((circuit) => ({ artifacts: { ...circuit.artifacts, vka: '11'.repeat(32) } })),
    });
    expect(codes(found)).toEqual([
      'EDGE_DIFFERS',
      'KEY_DIFFERS',
      'MODEL_DIFFERS',
      'MODEL_ID_DIFFERS',
      'WIRING_DIFFERS',
    ]);
  });
});

describeWithEzkl('a file that is neither', () => {
  it('is refused', async () => {
    await expect(auditBytes(new TextEncoder().encode('junk'))).rejects.toMatchObject({
      code: 'ENCODING_INVALID',
    });
    const cut = encodeCertificate(honest).subarray(0, 1000);
    await expect(auditBytes(cut)).rejects.toMatchObject({ code: 'CERTIFICATE_DAMAGED' });
  });
});
