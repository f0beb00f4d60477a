import { hexToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it, vi } from 'vitest';
import type { Certificate, Proof } from './certificate.ts';
import { decodeCertificate, encodeCertificate } from './certificate-codec.ts';
import { type CheckOptions, checkCertificate } from './check.ts';
import type { EdgeType } from './edge.ts';
import { decodeCbor, encodeCbor } from './encoding/cbor.ts';
import { scalarModulus } from './field.ts';
import {
  srs,
  srsData,
  toyCommit,
  toyProve,
  toySrs,
  toySrsFile,
  toyVerifier,
} from './fixtures/toy-adapter.ts';
import {
  circuits,
  committed,
  graph,
  open,
  run,
  type ToyCircuit,
  toyCertificate,
  toyCircuit,
} from './fixtures/toy-certificate.ts';
import type { Graph } from './graph.ts';
import { modelId, sha256Hex, srsId } from './ids.ts';
import { limits } from './limits.ts';
import type { ProblemCode } from './problem.ts';
import type { Report } from './report.ts';
import type { CircuitDescription } from './verifier.ts';

const values = run([1n, -2n, 3n, 4n]);
const honest = toyCertificate(values);
const other = toyCertificate(run([5n, 6n, 7n, 8n]));
const [double, increment, add] = circuits;

/** Every attack is checked as a reader would: after its way through the file. */
function check(certificate: Certificate, options: Partial<CheckOptions> = {}): Promise<Report> {
  return checkCertificate(decodeCertificate(encodeCertificate(certificate)), {
    verifiers: [toyVerifier()],
    allowDevelopment: true,
    ...options,
  });
}

async function codesOf(
  certificate: Certificate,
  options: Partial<CheckOptions> = {},
): Promise<ProblemCode[]> {
  const report = await check(certificate, options);
  expect(report.valid).toBe(false);
  expect(report.sound).toBe(false);
  return [...new Set(report.problems.map(({ code }) => code))].sort();
}

function withGraph(change: Partial<Graph>, from = honest): Certificate {
  return { ...from, manifest: { ...from.manifest, graph: { ...from.manifest.graph, ...change } } };
}

function withProof(index: number, proof: Proof | null): Certificate {
  return { ...honest, proofs: honest.proofs.with(index, proof) };
}

function proofOf(index: number): Proof {
  const proof = honest.proofs[index];
  if (proof === undefined || proof === null) throw new Error(`no proof ${index}`);
  return proof;
}

/** The certificate with another circuit in one place, proven anew where the ports' values are given. */
function withCircuit(
  index: number,
  { circuit, key }: ToyCircuit,
  proofs: readonly [number, Proof][],
): Certificate {
  const replaced = circuits[index]?.circuit.artifacts.verifyingKey ?? '';
  const artifacts = new Map(honest.artifacts);
  artifacts.delete(replaced);
  artifacts.set(sha256Hex(key), key);
  return {
    ...honest,
    manifest: { ...honest.manifest, circuits: honest.manifest.circuits.with(index, circuit) },
    artifacts,
    proofs: proofs.reduce((all, [at, proof]) => all.with(at, proof), [...honest.proofs]),
  };
}

/** The first circuit as an attacker's variant of it, with a proof that its key accepts. */
function variant(inputs: readonly EdgeType[], outputs: readonly EdgeType[], lie = {}): Certificate {
  const toy = toyCircuit('double', inputs, outputs, lie);
  return withCircuit(0, toy, [[0, toyProve(toy.circuit, toy.key, [values.x, ...values.h])]]);
}

describe('an honest certificate', () => {
  it('is valid where development keys are allowed', async () => {
    const report = await check(honest);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ valid: true, sound: true, trust: 'development', output: 'unique' });
    expect(report.model).toBe(modelId(honest.manifest));
    expect(report.segments.map(({ id, valid }) => [id, valid])).toEqual(
      ['a', 'b', 'c', 'd'].map((id) => [id, true]),
    );
    expect(report.links.map(({ edge, block, from, to, valid }) => [edge, block, from, to, valid])).toEqual([
      ['x', 0, null, 'a', true],
      ['h', 0, 'a', 'b', true],
      ['h', 1, 'a', 'c', true],
      ['p', 0, 'b', 'd', true],
      ['q', 0, 'c', 'd', true],
      ['y', 0, 'd', null, true],
    ]);
  });

  it('is sound but not valid where they are not', async () => {
    const report = await check(honest, { allowDevelopment: false });
    expect(report).toMatchObject({ valid: false, sound: true });
    expect(report.problems.map(({ code }) => code)).toEqual(['TRUST_DEVELOPMENT']);
  });

  it('meets what was expected of it, in integers and in floats', async () => {
    const report = await check(honest, {
      expect: {
        modelId: modelId(honest.manifest),
        modelDigest: honest.manifest.recipe.model,
        inputs: { x: Float64Array.from(values.x, (v) => Number(v) / 128) },
        outputs: { y: values.y },
      },
    });
    expect(report).toMatchObject({ valid: true, modelExpected: true, audited: false });
    expect((await check(honest)).modelExpected).toBe(false);
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const onProgress = () => abort.abort();
    await expect(check(honest, { signal: abort.signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('can be told to stop while verifiers compute without a pause', async () => {
    const verifier = toyVerifier();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 0);
    const busy = async (...args: Parameters<typeof verifier.verify>) => {
      for (const end = performance.now() + 100; performance.now() < end; );
      return verifier.verify(...args);
    };
    const checked = check(honest, { verifiers: [{ ...verifier, verify: busy }], signal: stop.signal });
    await expect(checked).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('reports its segments one after another', async () => {
    const done: number[] = [];
    await check(honest, { onProgress: (event) => done.push(event.done) });
    expect(done).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('one changed byte in the content, sealed with a digest of its own', () => {
  // Without floats: several floats give the same integer.
  const statements = honest.statements.map(({ edge, values }) => ({ edge, values }));
  const content = encodeCertificate({ ...honest, statements });
  const expected = modelId(honest.manifest);

  it('leaves nothing that passes for this model’s certificate', async () => {
    const [tag, version, , body] = decodeCbor(content, { bytes: 2 ** 20, items: 5, depth: 1 }) as [
      string,
      number,
      Uint8Array,
      Uint8Array,
    ];
    let decoded = 0;
    for (let index = 0; index < body.length; index += 5) {
      const changed = body.with(index, (body[index] ?? 0) ^ 2);
      const file = encodeCbor([tag, version, hexToBytes(sha256Hex(changed)), changed]);
      let certificate: Certificate;
      try {
        certificate = decodeCertificate(file);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENCODING_INVALID' });
        continue;
      }
      decoded += 1;
      const report = await checkCertificate(certificate, {
        verifiers: [toyVerifier()],
        allowDevelopment: true,
        expect: { modelId: expected },
      });
      expect(report.valid, `byte ${index}`).toBe(false);
    }
    expect(decoded).toBeGreaterThan(100);
  });
});

describe('proofs', () => {
  it('of swapped segments bind other blocks', async () => {
    const [first, second, third, fourth] = honest.proofs;
    const swapped = [first, third, second, fourth].map((proof) => proof ?? null);
    expect(await codesOf({ ...honest, proofs: swapped })).toEqual(['LINK_UNEQUAL']);
  });

  it('of another job bind other values', async () => {
    const report = await check({ ...honest, proofs: honest.proofs.with(1, other.proofs[1] ?? null) });
    expect(report.valid).toBe(false);
    expect(report.segments.every(({ valid }) => valid)).toBe(true);
    expect(report.links.filter(({ valid }) => !valid).map(({ edge }) => edge)).toEqual(['h', 'p']);
  });

  it('of another model’s segment do not verify under this key', async () => {
    const foreign = toyCircuit('another model', increment.circuit.inputs, increment.circuit.outputs);
    const proof = toyProve(foreign.circuit, foreign.key, [values.h[0], values.p]);
    const report = await check(withProof(1, proof));
    expect(report.problems.map(({ code, segment }) => [code, segment])).toEqual([['PROOF_INVALID', 'b']]);
    expect(report.segments[1]).toMatchObject({ id: 'b', valid: false });
  });

  it('must be there, one a segment', async () => {
    expect(await codesOf(withProof(2, null))).toEqual(['LINK_UNEQUAL', 'PROOF_MISSING']);
    expect(await codesOf({ ...honest, proofs: honest.proofs.slice(0, 3) })).toEqual([
      'LINK_UNEQUAL',
      'PROOF_COUNT',
      'PROOF_MISSING',
    ]);
    expect(await codesOf({ ...honest, proofs: [...honest.proofs, proofOf(3)] })).toEqual(['PROOF_COUNT']);
  });

  it('with commitments pasted over do not verify', async () => {
    const pasted = proofOf(3).bytes.slice();
    pasted.set(toyCommit(committed([2]), [9n, 9n]), 0);
    expect(await codesOf(withProof(3, { ...proofOf(3), bytes: pasted }))).toEqual([
      'LINK_UNEQUAL',
      'PROOF_INVALID',
    ]);
  });

  it('with a commitment that is no point, or not reduced, are malformed', async () => {
    for (const [at, value] of [
      [63, (proofOf(3).bytes[63] ?? 0) ^ 1],
      [0, 0xff],
    ] as const) {
      const bytes = proofOf(3).bytes.with(at, value);
      expect(await codesOf(withProof(3, { ...proofOf(3), bytes }))).toEqual([
        'LINK_UNEQUAL',
        'PROOF_MALFORMED',
      ]);
    }
  });

  it('with a length other than their circuit’s are malformed', async () => {
    for (const bytes of [proofOf(3).bytes.slice(0, -1), new Uint8Array([...proofOf(3).bytes, 0])]) {
      expect(await codesOf(withProof(3, { ...proofOf(3), bytes }))).toContain('PROOF_MALFORMED');
    }
    const publicInputs = [...proofOf(3).publicInputs, 0n];
    expect(await codesOf(withProof(3, { ...proofOf(3), publicInputs }))).toContain('PROOF_MALFORMED');
  });

  it('with instances plus the modulus have no encoding, and are refused in memory too', async () => {
    const publicInputs = proofOf(3).publicInputs.map((value) => value + scalarModulus);
    const certificate = withProof(3, { ...proofOf(3), publicInputs });
    expect(() => encodeCertificate(certificate)).toThrow(/certificate\.proofs\.3\.publicInputs/);
    const report = await checkCertificate(certificate, {
      verifiers: [toyVerifier()],
      allowDevelopment: true,
    });
    expect(report.problems.map(({ code }) => code)).toContain('PROOF_MALFORMED');
  });

  it('with one byte changed are refused, whichever it is', async () => {
    for (const index of proofOf(1).bytes.keys()) {
      const bytes = proofOf(1).bytes.with(index, (proofOf(1).bytes[index] ?? 0) ^ 0x10);
      const codes = await codesOf(withProof(1, { ...proofOf(1), bytes }));
      expect(codes.some((code) => code === 'PROOF_INVALID' || code === 'PROOF_MALFORMED')).toBe(true);
    }
  });

  it('need every engine’s consent, and at least one engine', async () => {
    const dissenting = toyVerifier([{ engine: 'second', verdict: 'invalid', reason: 'no' }]);
    expect(await codesOf(honest, { verifiers: [dissenting] })).toEqual(['ENGINES_DISAGREE']);
    const silent = toyVerifier([{ engine: 'second', verdict: 'unavailable' }]);
    expect((await check(honest, { verifiers: [silent] })).valid).toBe(true);
    const verify = async () => [{ engine: 'only', verdict: 'unavailable' }] as const;
    expect(await codesOf(honest, { verifiers: [{ ...toyVerifier(), verify }] })).toEqual(['PROOF_UNCHECKED']);
    expect(await codesOf(honest, { verifiers: [{ ...toyVerifier(), verify: async () => [] }] })).toEqual([
      'PROOF_UNCHECKED',
    ]);
  });
});

describe('links', () => {
  it('break when a consumer was fed another tensor', async () => {
    const proof = toyProve(add.circuit, add.key, [[100n, 100n], values.q, values.y]);
    const report = await check(withProof(3, proof));
    expect(report.problems.map(({ code, edge }) => [code, edge])).toEqual([['LINK_UNEQUAL', 'p']]);
    expect(report.links.find(({ edge }) => edge === 'p')).toMatchObject({ valid: false, from: 'b', to: 'd' });
  });

  it('break when producer and consumer agree but the certificate states another commitment', async () => {
    const commitments = honest.commitments.with(2, other.commitments[2] ?? []);
    expect(await codesOf({ ...honest, commitments })).toEqual(['LINK_UNEQUAL']);
  });

  it('break on junk in rows past the tensor, though both commit to the same values', async () => {
    const junk = toyCommit(committed([2]), values.p, 'junk');
    const proof = toyProve(increment.circuit, increment.key, [values.h[0], junk]);
    expect(await codesOf(withProof(1, proof))).toEqual(['LINK_UNEQUAL']);
  });

  it('need one commitment a block', async () => {
    expect(await codesOf({ ...honest, commitments: honest.commitments.slice(0, 4) })).toContain(
      'COMMITMENT_COUNT',
    );
    const doubled = honest.commitments.with(2, [...(honest.commitments[2] ?? []), new Uint8Array(64)]);
    expect(await codesOf({ ...honest, commitments: doubled })).toEqual(['COMMITMENT_COUNT']);
  });
});

describe('edge types', () => {
  const wide = [committed([1, 2]), committed([1, 2])];
  const cases: [string, EdgeType[], EdgeType[]][] = [
    ['another scale', [open([4])], wide.map((type) => ({ ...type, scale: 8 }))],
    [
      'another k',
      [open([4])],
      wide.map((type) => ({ ...type, scheme: { name: 'kzg', srs, k: 14, usableRows: 16_378 } })),
    ],
    [
      'other usable rows',
      [open([4])],
      wide.map((t) => ({ ...t, scheme: { name: 'kzg', srs, k: 13, usableRows: 8000 } })),
    ],
    ['another interval', [open([4], { interval: { lo: -1_000n, hi: 1_001n } })], wide],
    ['another sign', [open([4], { signed: false, interval: { lo: 0n, hi: 1_000n } })], wide],
    ['another shape', [open([2, 2])], wide],
    ['too many ports', [open([4])], [...wide, committed([1])]],
  ];
  it.each(cases)('%s in the circuit than on its edges is refused', async (_, inputs, outputs) => {
    expect(await codesOf(variant(inputs, outputs))).toContain('PORTS_MISMATCH');
  });

  it('another SRS in the circuit than on its edges is refused', async () => {
    const foreign = srsId('bn254', toySrs(8n));
    const scheme = { name: 'kzg', srs: foreign, k: 13, usableRows: 8186 } as const;
    const outputs = wide.map((type) => ({ ...type, scheme }));
    expect(await codesOf(variant([open([4])], outputs, { srs: [foreign] }))).toEqual(
      expect.arrayContaining(['PORTS_MISMATCH', 'SRS_MISSING']),
    );
    expect(await codesOf(variant([open([4])], outputs))).toEqual(
      expect.arrayContaining(['PORTS_MISMATCH', 'SRS_MISMATCH']),
    );
  });

  it('that the key does not bind are refused', async () => {
    const { inputs, outputs } = double.circuit;
    const lies = [
      { inputs: [open([4], { scale: 6 })] },
      { outputs: [committed([1, 2]), committed([1, 2], { scale: 6 })] },
      { outputs: [committed([1, 2])] },
      { inputs: [open([4], { interval: { lo: -2_000n, hi: 2_000n } })] },
      { output: { kind: 'tolerance', operators: ['Div'] } },
    ];
    for (const lie of lies) expect(await codesOf(variant(inputs, outputs, lie))).toEqual(['KEY_MISMATCH']);
  });

  it('are never unproven on a public edge', async () => {
    const edges = graph.edges.map((edge) =>
      edge.name === 'x' ? { ...edge, type: open([4], { interval: 'unproven' }) } : edge,
    );
    const certificate = variant([open([4], { interval: 'unproven' })], wide);
    const report = await check(withGraph({ edges }, certificate));
    const found = report.problems.filter(({ code }) => code === 'TYPE_INVALID').map(({ message }) => message);
    expect(found).toEqual([
      expect.stringContaining('x: its interval'),
      expect.stringContaining('circuit 0: port 0'),
    ]);
  });

  it('hold public values to their interval', async () => {
    const x = [1_001n, -2n, 3n, 4n];
    const certificate = {
      ...withProof(0, toyProve(double.circuit, double.key, [x, ...values.h])),
      commitments: honest.commitments.with(0, [toyCommit(open([4]), x)]),
      statements: honest.statements.slice(1),
    };
    expect(await codesOf(certificate)).toEqual(['VALUE_OUT_OF_INTERVAL']);
  });

  it('want public commitments of one canonical word a value', async () => {
    for (const bytes of [new Uint8Array(96), new Uint8Array(128).fill(0xff)]) {
      const commitments = honest.commitments.with(0, [bytes]);
      expect(await codesOf({ ...honest, commitments })).toContain('COMMITMENT_MALFORMED');
    }
  });
});

describe('keys', () => {
  it('with weak settings are refused', async () => {
    const { inputs, outputs } = double.circuit;
    expect(await codesOf(variant(inputs, outputs, { weaknesses: ['the weights are not fixed'] }))).toEqual([
      'KEY_WEAK',
    ]);
  });

  it('with other bytes than their digest, or none, are refused', async () => {
    const digest = double.circuit.artifacts.verifyingKey ?? '';
    const damaged = new Map(honest.artifacts).set(digest, new Uint8Array(8));
    expect(await codesOf({ ...honest, artifacts: damaged })).toEqual(
      expect.arrayContaining(['ARTIFACT_DAMAGED', 'KEY_MALFORMED', 'PROOF_UNCHECKED']),
    );
    const missing = new Map(honest.artifacts);
    missing.delete(digest);
    expect(await codesOf({ ...honest, artifacts: missing })).toContain('ARTIFACT_MISSING');
    const superfluous = new Map(honest.artifacts).set(sha256Hex(new Uint8Array()), new Uint8Array());
    expect(await codesOf({ ...honest, artifacts: superfluous })).toEqual(['ARTIFACT_UNUSED']);
  });

  it('without their role are refused', async () => {
    const { verifyingKey = '', ...rest } = double.circuit.artifacts;
    const circuit = { ...double.circuit, artifacts: { ...rest, settings: verifyingKey } };
    expect(await codesOf(withCircuit(0, { circuit, key: double.key }, []))).toContain('KEY_MALFORMED');
  });

  it('of an adapter that is not there are refused', async () => {
    const circuit = { ...double.circuit, adapter: 'unheard-of/1' };
    expect(await codesOf(withCircuit(0, { circuit, key: double.key }, []))).toContain('VERIFIER_MISSING');
  });

  it('of a circuit that no segment uses are refused', async () => {
    const { manifest } = honest;
    const circuitsTwice = [...manifest.circuits, double.circuit];
    expect(await codesOf({ ...honest, manifest: { ...manifest, circuits: circuitsTwice } })).toEqual([
      'CIRCUIT_UNUSED',
    ]);
  });

  it('rest on an SRS whose data have its id', async () => {
    const forged = toySrs(8n);
    const artifacts = new Map(honest.artifacts);
    artifacts.delete(sha256Hex(srsData));
    artifacts.set(sha256Hex(forged), forged);
    const certificate = { ...honest, artifacts, srs: new Map([[srs, sha256Hex(forged)]]) };
    expect(await codesOf(certificate)).toContain('SRS_MISMATCH');
    const without = { ...honest, manifest: { ...honest.manifest, srs: [] } };
    expect(await codesOf(without)).toContain('SRS_MISMATCH');
    const twice = { ...honest, manifest: { ...honest.manifest, srs: [srs, srs] } };
    expect(await codesOf(twice)).toEqual(['SRS_MISMATCH']);
  });
});

describe('trust', () => {
  /** One segment with public ports and keys that rest on no SRS. */
  function alone(lie: Partial<CircuitDescription>): Certificate {
    const { circuit, key } = toyCircuit('alone', [open([2])], [open([2])], { srs: [], ...lie });
    const edges = [graph.edges[0], graph.edges[4]].flatMap((edge) =>
      edge === undefined ? [] : [{ ...edge, type: open([2]), blocks: [{ start: [0], size: [2] }] }],
    );
    const segment = {
      id: 'a',
      circuit: 0,
      inputs: [{ edge: 0, block: 0 }],
      outputs: [{ edge: 1, block: 0 }],
    };
    return {
      manifest: {
        ...honest.manifest,
        graph: { edges, segments: [segment], inputs: [0], outputs: [1] },
        circuits: [circuit],
        srs: [],
      },
      artifacts: new Map([[sha256Hex(key), key]]),
      srs: new Map(),
      srsFiles: new Map(),
      commitments: [[toyCommit(open([2]), [1n, 2n])], [toyCommit(open([2]), [3n, 4n])]],
      proofs: [
        toyProve(circuit, key, [
          [1n, 2n],
          [3n, 4n],
        ]),
      ],
      statements: [],
    };
  }

  it('is for development where nothing says better', async () => {
    const report = await check(alone({}), { allowDevelopment: false });
    expect(report).toMatchObject({ valid: false, sound: true, trust: 'development' });
  });

  it('is what a setup of the circuit’s own is worth, for who knows the model from an audit', async () => {
    const certificate = alone({ trust: 'ceremony' });
    const audited = { modelId: modelId(certificate.manifest) };
    const known = await check(certificate, { allowDevelopment: false, expect: audited });
    expect(known).toMatchObject({ valid: true, sound: true, trust: 'ceremony' });
    const unknown = await check(certificate, { allowDevelopment: false });
    expect(unknown).toMatchObject({ valid: false, sound: true, trust: 'development' });
    expect(unknown.problems.map(({ code }) => code)).toEqual(['TRUST_DEVELOPMENT']);
  });
});

describe('graphs', () => {
  const [first, second, third, last] = graph.segments as [
    Graph['segments'][0],
    Graph['segments'][0],
    Graph['segments'][0],
    Graph['segments'][0],
  ];

  it('with a missing segment leave its blocks without a maker', async () => {
    const certificate = withGraph({ segments: [first, third, last] });
    expect(await codesOf({ ...certificate, proofs: certificate.proofs.toSpliced(1, 1) })).toEqual(
      expect.arrayContaining(['BLOCK_UNPRODUCED', 'EDGE_DANGLING']),
    );
  });

  it('with a doubled segment make a block twice', async () => {
    const certificate = withGraph({ segments: [first, second, second, third, last] });
    const proofs = certificate.proofs.toSpliced(1, 0, proofOf(1));
    expect(await codesOf({ ...certificate, proofs })).toEqual(['BLOCK_PRODUCED_TWICE', 'NAME_REPEATED']);
  });

  it('with a dangling edge are refused', async () => {
    const dangling = { ...(graph.edges[2] as Graph['edges'][0]), name: 'z' };
    const commitments = [...honest.commitments, [new Uint8Array(64)]];
    const certificate = { ...withGraph({ edges: [...graph.edges, dangling] }), commitments };
    expect(await codesOf(certificate)).toEqual(['BLOCK_UNPRODUCED', 'EDGE_DANGLING']);
  });

  it('whose segment reads another edge of the same type are refused by the link', async () => {
    const crossed = { ...last, inputs: [...last.inputs].reverse() };
    expect(await codesOf(withGraph({ segments: [first, second, third, crossed] }))).toEqual(['LINK_UNEQUAL']);
  });
});

describe('statements', () => {
  it('are the values that the proofs bind', async () => {
    const statements = [{ edge: 4, values: [1n, 1n] }];
    expect(await codesOf({ ...honest, statements })).toEqual(['STATEMENT_UNEQUAL']);
  });

  it('lie within the edge’s interval', async () => {
    const statements = [{ edge: 4, values: [1_001n, 1n] }];
    expect(await codesOf({ ...honest, statements })).toEqual(['STATEMENT_UNEQUAL', 'VALUE_OUT_OF_INTERVAL']);
  });

  it('show floats that give the integers', async () => {
    const floats = Float64Array.from(values.x, (v) => (Number(v) + 0.51) / 128);
    const statements = [{ edge: 0, values: values.x, floats }];
    expect(await codesOf({ ...honest, statements })).toEqual(['FLOATS_UNEQUAL']);
    const near = Float64Array.from(values.x, (v) => (Number(v) + 0.49) / 128);
    expect(
      (await check({ ...honest, statements: [{ edge: 0, values: values.x, floats: near }] })).valid,
    ).toBe(true);
  });

  it('are about inputs and outputs, once, with all elements', async () => {
    for (const statements of [
      [{ edge: 1, values: values.h.flat() }],
      [...honest.statements, { edge: 4, values: values.y }],
      [{ edge: 4, values: values.y.slice(1) }],
      [{ edge: 99, values: [] }],
    ]) {
      expect(await codesOf({ ...honest, statements })).toEqual(['STATEMENT_INVALID']);
    }
  });

  it('on a committed edge are held against the recomputed commitment', async () => {
    const source = async (_: string, k: number) => toySrsFile(k, srsData);
    const toy = toyCircuit('add', add.circuit.inputs, [committed([2])]);
    const edges = graph.edges.with(4, { ...(graph.edges[4] as Graph['edges'][0]), type: committed([2]) });
    const bound = (y: readonly bigint[] | Uint8Array, stated: readonly bigint[]): Certificate => ({
      ...withGraph(
        { edges },
        withCircuit(2, toy, [[3, toyProve(toy.circuit, toy.key, [values.p, values.q, y])]]),
      ),
      commitments: honest.commitments.with(4, [y instanceof Uint8Array ? y : toyCommit(committed([2]), y)]),
      statements: [{ edge: 4, values: stated }],
    });
    const certificate = bound(values.y, values.y);
    expect((await check(certificate, { srs: source })).problems).toEqual([]);
    expect(await codesOf(certificate)).toEqual(['STATEMENT_UNCHECKED']);
    for (const file of [toySrsFile(13, toySrs(8n)), toySrsFile(12, srsData), new Uint8Array(4)]) {
      expect(await codesOf(certificate, { srs: async () => file })).toEqual(['STATEMENT_UNCHECKED']);
    }
    expect(await codesOf(bound(values.y, [0n, 0n]), { srs: source })).toEqual(['STATEMENT_UNEQUAL']);
    const junk = toyCommit(committed([2]), values.y, 'junk');
    expect(await codesOf(bound(junk, values.y), { srs: source })).toEqual(['STATEMENT_UNEQUAL']);

    const carrying = (file: Uint8Array, from = certificate): Certificate => ({
      ...from,
      artifacts: new Map(from.artifacts).set(sha256Hex(file), file),
      srsFiles: new Map([[srs, sha256Hex(file)]]),
    });
    const whole = toySrsFile(13, srsData);
    expect((await check(carrying(whole))).problems).toEqual([]);
    expect(await codesOf(carrying(whole, bound(values.y, [0n, 0n])))).toEqual(['STATEMENT_UNEQUAL']);
    for (const file of [toySrsFile(13, toySrs(8n)), toySrsFile(12, srsData), new Uint8Array(4)]) {
      expect(await codesOf(carrying(file), { srs: source })).toEqual(['SRS_MISMATCH', 'STATEMENT_UNCHECKED']);
    }
    // Nothing is committed under it, so nobody would look at it.
    expect(await codesOf(carrying(whole, honest))).toEqual(['SRS_MISMATCH']);
  });

  it('under many ids have one SRS file inspected once, be it none', async () => {
    const ids = [srs, '11'.repeat(32), '22'.repeat(32)] as const;
    const edges = ids.map((id, i) => ({
      name: `x${i}`,
      type: committed([1], { scheme: { name: 'kzg', srs: id, k: 13, usableRows: 8186 } }),
      blocks: [{ start: [0], size: [1] }],
    }));
    const inputs = edges.map((_, edge) => ({ edge, block: 0 }));
    const certificate = withGraph({
      edges,
      segments: graph.segments.map((segment) => ({ ...segment, inputs, outputs: [] })),
      inputs: [0, 1],
      outputs: [2],
    });
    const statements = edges.map((_, edge) => ({ edge, values: [0n] }));
    for (const file of [toySrsFile(13, srsData), new Uint8Array(4)]) {
      const verifier = toyVerifier();
      const inspectSrs = vi.fn(verifier.kzg.inspectSrs);
      const report = await checkCertificate(
        {
          ...certificate,
          statements,
          artifacts: new Map(honest.artifacts).set(sha256Hex(file), file),
          srsFiles: new Map(ids.map((id) => [id, sha256Hex(file)])),
        },
        { verifiers: [{ ...verifier, kzg: { ...verifier.kzg, inspectSrs } }] },
      );
      expect(inspectSrs).toHaveBeenCalledTimes(1);
      const unchecked = report.problems.filter(({ code }) => code === 'STATEMENT_UNCHECKED');
      expect(unchecked.map(({ edge }) => edge)).toEqual(
        file.length === 4 ? ['x0', 'x1', 'x2'] : ['x1', 'x2'],
      );
    }
  });
});

describe('expectations', () => {
  it('of another model, input or output are not met', async () => {
    const zero = '0'.repeat(64);
    expect(await codesOf(honest, { expect: { modelId: zero } })).toEqual(['MODEL_UNEXPECTED']);
    expect(await codesOf(honest, { expect: { modelDigest: zero } })).toEqual(['MODEL_UNEXPECTED']);
    expect(await codesOf(honest, { expect: { inputs: { x: [0n, 0n, 0n, 0n] } } })).toEqual([
      'INPUT_UNEXPECTED',
    ]);
    expect(await codesOf(honest, { expect: { inputs: { y: values.y } } })).toEqual(['INPUT_UNEXPECTED']);
    expect(await codesOf(honest, { expect: { outputs: { y: Float64Array.of(Number.NaN, 0) } } })).toEqual([
      'OUTPUT_UNEXPECTED',
    ]);
    expect(await codesOf(honest, { expect: { outputs: { y: values.y.slice(1) } } })).toEqual([
      'OUTPUT_UNEXPECTED',
    ]);
    expect(
      await codesOf(honest, { expect: { outputs: { y: values.y.map((v) => v + scalarModulus) } } }),
    ).toEqual(['OUTPUT_UNEXPECTED']);
  });

  it('are not met by integers in which nothing is left of the expected floats', async () => {
    const nothing = toyCertificate(run([0n, 0n, 0n, 0n]));
    const expecting = (x: number) => ({ expect: { inputs: { x: new Float64Array(4).fill(x) } } });
    expect((await check(nothing, expecting(0))).problems).toEqual([]);
    expect(await codesOf(nothing, expecting(0.003))).toEqual(['INPUT_UNEXPECTED']);
  });
});

it('a certificate with more inputs than a call may have arguments is reported, too', async () => {
  const inputs = new Array<number>(limits.edges).fill(0);
  expect(await codesOf(withGraph({ inputs }))).toContain('EDGE_ROLE_INVALID');
});

it('a certificate with more problems than a call may have arguments is reported, too', async () => {
  const count = 200_000;
  const blocks = Array.from({ length: count }, (_, i) => ({ start: [i], size: [1] }));
  const wide = { name: 'y', type: open([count]), blocks };
  const report = await checkCertificate(withGraph({ edges: graph.edges.with(4, wide) }), {
    verifiers: [toyVerifier()],
  });
  expect(report.problems.length).toBeGreaterThan(count);
});
