import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EdgeType } from '../../../../protocol/edge.ts';
import { scalarModulus, writeElements } from '../../../../protocol/field.ts';
import { srsId } from '../../../../protocol/ids.ts';
import type { Circuit } from '../../../../protocol/manifest.ts';
import type { Artifacts, Opinion } from '../../../../protocol/verifier.ts';
import { type Fixture, makeFixtures, modelOf } from '../../../../tests/fixtures/ezkl-fixture.ts';
import { describeWithEzkl } from '../../../../tests/support/ezkl-python.ts';
import { compileEvmVerifier } from '../evm-verifier.ts';
import { createEngineThread } from './engine-thread.ts';
import { checkSrs, createEzklVerifier, ezklAdapter, openSrs, verificationDataOf } from './index.ts';
import { G2, writeG2 } from './points.ts';

const k = 9;
const rows = 2 ** k - 6;

const firstLayer = modelOf({
  nodes: [
    { operator: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
    { operator: 'Relu', inputs: ['h'], outputs: ['y'] },
  ],
  tensors: { x: [1, 4], h: [1, 6], y: [1, 6] },
  inputs: ['x'],
  outputs: ['y'],
  weights: { w: { shape: [4, 6], values: Array.from({ length: 24 }, (_, i) => ((i % 7) - 3) / 4) } },
});
const secondLayer = modelOf({
  nodes: [{ operator: 'MatMul', inputs: ['y', 'w'], outputs: ['z'] }],
  tensors: { y: [1, 6], z: [1, 3] },
  inputs: ['y'],
  outputs: ['z'],
  weights: { w: { shape: [6, 3], values: Array.from({ length: 18 }, (_, i) => ((i % 5) - 2) / 2) } },
});
const twoPorts = modelOf({
  nodes: [
    { operator: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { operator: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] },
  ],
  tensors: { a: [1, 3], b: [1, 3], sum: [1, 3], difference: [1, 3] },
  inputs: ['a', 'b'],
  outputs: ['sum', 'difference'],
});
const doubled = (size: number) =>
  modelOf({
    nodes: [{ operator: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    tensors: { x: [1, size], y: [1, size] },
    inputs: ['x'],
    outputs: ['y'],
  });
const counting = (size: number) => Array.from({ length: size }, (_, i) => BigInt(i - 30));

const artifactsOf = (fixture: Fixture, evmVerifier?: Uint8Array): Artifacts => ({
  verifyingKey: fixture.verifyingKey,
  settings: fixture.settings,
  vka: fixture.vka,
  ...(evmVerifier === undefined ? {} : { evmVerifier }),
});

const bareCircuit: Circuit = {
  prover: 'ezkl',
  adapter: ezklAdapter,
  artifacts: {},
  inputs: [],
  outputs: [],
  output: { kind: 'tolerance', operators: ['Div'] },
};

/** A copy with one bit of one byte changed. */
function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}

const verdicts = (opinions: readonly Opinion[]) => opinions.map(({ verdict }) => verdict);
const accepted = (opinions: readonly Opinion[]) =>
  verdicts(opinions).includes('valid') && !verdicts(opinions).includes('invalid');

describeWithEzkl('the verifier of ezkl proofs, on proofs that ezkl makes', () => {
  const thread = createEngineThread();
  const verifier = createEzklVerifier({ engine: thread });
  let fixtures: Fixture[];
  let runtime: Uint8Array;

  const fixture = (i: number): Fixture => fixtures[i] as Fixture;
  const circuitOf = (from: Fixture): Circuit => {
    const { inputs, outputs } = verifier.describe(bareCircuit, artifactsOf(from));
    return { ...bareCircuit, inputs, outputs };
  };
  const check = (from: Fixture, changes: Partial<Fixture> = {}, srs = verificationDataOf(from.srs)) => {
    const changed = { ...from, ...changes };
    return verifier.verify({
      circuit: circuitOf(from),
      artifacts: artifactsOf(changed, runtime),
      proof: changed.proof,
      srs,
    });
  };

  beforeAll(async () => {
    const common = { srs: 'a', k } as const;
    const x = [[1n, -20n, 30n, 4n]];
    fixtures = await makeFixtures([
      { ...common, model: firstLayer, inputs: 'public', outputs: 'polycommit', values: x, solidity: true },
      {
        ...common,
        model: secondLayer,
        inputs: 'polycommit',
        outputs: 'public',
        values: [[0n, 39n, 0n, 0n, 0n, 0n]],
      },
      {
        ...common,
        model: twoPorts,
        inputs: 'polycommit',
        outputs: 'polycommit',
        values: [
          [1n, 2n, 3n],
          [5n, 7n, -9n],
        ],
      },
      {
        ...common,
        model: twoPorts,
        inputs: 'public',
        outputs: 'public',
        values: [
          [1n, 2n, 3n],
          [5n, 7n, -9n],
        ],
      },
      {
        ...common,
        model: doubled(rows - 1),
        inputs: 'polycommit',
        outputs: 'polycommit',
        values: [counting(rows - 1)],
      },
      {
        ...common,
        model: doubled(rows + 40),
        inputs: 'polycommit',
        outputs: 'polycommit',
        values: [counting(rows + 40)],
      },
      { ...common, model: firstLayer, inputs: 'public', outputs: 'polycommit', values: x, srs: 'b' },
    ]);
    runtime = (await compileEvmVerifier(fixture(0).solidity ?? '')).runtime;
  });
  afterAll(() => thread.close());

  it('accepts real proofs with both engines', async () => {
    for (const real of fixtures) expect(verdicts(await check(real))).toEqual(['valid', 'valid']);
  });

  it('compiles the Solidity verifier to the bytecode that is listed', async () => {
    const source = fixture(0).solidity ?? '';
    expect((await compileEvmVerifier(source)).known).toBe(true);
    const changed = await compileEvmVerifier(source.replace('addmod(x_n, sub(R, 1),R)', 'x_n'));
    expect(changed.known).toBe(false);
    await expect(compileEvmVerifier('contract Other {}')).rejects.toThrow(/does not compile/);
    await expect(compileEvmVerifier(source, AbortSignal.timeout(10))).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  describe('describe', () => {
    it('reads the ports, the SRS and no weakness', () => {
      const description = verifier.describe(
        {
          ...bareCircuit,
          inputs: [{ shape: [1, 4] } as unknown as EdgeType],
          outputs: [{ shape: [2, 3] } as unknown as EdgeType],
        },
        artifactsOf(fixture(0)),
      );
      const srs = srsId('bn254', verificationDataOf(fixture(0).srs));
      expect(description).toEqual({
        inputs: [
          {
            shape: [1, 4],
            signed: true,
            scale: 4,
            interval: { lo: -262_143n, hi: 262_143n },
            scheme: { name: 'public' },
          },
        ],
        outputs: [
          {
            shape: [2, 3],
            signed: true,
            scale: 4,
            interval: 'unproven',
            scheme: { name: 'kzg', srs, k, usableRows: rows },
          },
        ],
        srs: [srs],
        output: bareCircuit.output,
        weaknesses: [],
      });
    });

    it('gives a port the flat shape where the manifest says another size', () => {
      const [input] = verifier.describe(
        { ...bareCircuit, inputs: [{ shape: [1, 5] } as unknown as EdgeType] },
        artifactsOf(fixture(0)),
      ).inputs;
      expect(input?.shape).toEqual([4]);
    });

    const weak: [
      string,
      (settings: { run_args: Record<string, unknown> } & Record<string, unknown>) => void,
      RegExp,
    ][] = [
      [
        'private weights',
        (s) => {
          s.run_args.param_visibility = 'Private';
        },
        /weights are Private/,
      ],
      [
        'a private input',
        (s) => {
          s.run_args.input_visibility = 'Private';
        },
        /inputs are Private/,
      ],
      [
        'a hashed output',
        (s) => {
          s.run_args.output_visibility = { Hashed: { hash_is_public: true, outlets: [] } };
        },
        /outputs are Hashed/,
      ],
      [
        'random projections',
        (s) => {
          s.run_args.disable_freivalds = false;
        },
        /random projections/,
      ],
      [
        'no range checks',
        (s) => {
          s.run_args.ignore_range_check_inputs_outputs = true;
        },
        /not range-checked/,
      ],
      [
        'another version',
        (s) => {
          s.version = '20.0.0';
        },
        /ezkl 20\.0\.0/,
      ],
      [
        'another size',
        (s) => {
          s.run_args.logrows = k + 1;
        },
        /settings for k=10/,
      ],
      [
        'a decomposition that wraps',
        (s) => {
          s.run_args.decomp_legs = 60;
        },
        /wrap around/,
      ],
      [
        'a port too many',
        (s) => {
          s.model_input_scales = [4, 4];
        },
        /public tensors do not match/,
      ],
    ];
    it.each(weak)('reports %s', (_, change, expected) => {
      const settings = JSON.parse(new TextDecoder().decode(fixture(0).settings));
      change(settings);
      const { weaknesses } = verifier.describe(bareCircuit, {
        ...artifactsOf(fixture(0)),
        settings: new TextEncoder().encode(JSON.stringify(settings)),
      });
      expect(weaknesses.join('\n')).toMatch(expected);
    });

    it('sees a changed scale', () => {
      const text = new TextDecoder().decode(fixture(0).settings);
      const settings = new TextEncoder().encode(
        text.replace('"model_input_scales":[4]', '"model_input_scales":[5]'),
      );
      expect(verifier.describe(bareCircuit, { ...artifactsOf(fixture(0)), settings }).inputs[0]?.scale).toBe(
        5,
      );
    });

    it('reports a VKA and a key of different circuits', () => {
      const mixed = { ...artifactsOf(fixture(0)), vka: fixture(1).vka };
      expect(verifier.describe(bareCircuit, mixed).weaknesses.join('\n')).toMatch(/different fixed columns/);
    });

    it('reports the settings of another circuit, which the engine does not hold against the key', () => {
      const mixed = { ...artifactsOf(fixture(0)), settings: fixture(1).settings };
      expect(verifier.describe(bareCircuit, mixed).weaknesses.join('\n')).toMatch(/takes 4 public values/);
    });

    it.each([
      ['settings.json', { settings: new TextEncoder().encode('{"run_args":') }],
      [
        'a logrows that would exhaust memory',
        { settings: new TextEncoder().encode('{"run_args":{"logrows":60}}') },
      ],
      ['an oversized settings.json', { settings: new Uint8Array(2 << 20) }],
      ['a VKA without words', { vka: new Uint8Array(8) }],
      [
        'a key that claims more columns than it holds',
        { verifyingKey: Uint8Array.from([3, 9, 1, 255, 255, 255, 127]) },
      ],
      ['an empty key', { verifyingKey: new Uint8Array() }],
    ])('refuses %s as malformed', (_, change) => {
      expect(() => verifier.describe(bareCircuit, { ...artifactsOf(fixture(0)), ...change })).toThrow(
        expect.objectContaining({ code: 'ENCODING_INVALID' }),
      );
    });

    it('refuses a VKA whose count, domain, generators or accumulator flag are off', () => {
      for (const word of [5, 6, 7, 10, 14, 17, 20, 23, 33]) {
        const vka = flipped(fixture(0).vka, 8 + 32 * word + 31);
        expect(
          () => verifier.describe(bareCircuit, { ...artifactsOf(fixture(0)), vka }),
          `word ${word}`,
        ).toThrow(expect.objectContaining({ code: 'ENCODING_INVALID' }));
      }
      const vka = flipped(fixture(0).vka, 0);
      expect(() => verifier.describe(bareCircuit, { ...artifactsOf(fixture(0)), vka })).toThrow(
        /count of words/,
      );
    });
  });

  describe('boundary', () => {
    it('holds what ezkl says it committed to, in order', () => {
      for (const real of fixtures) {
        const { inputs, outputs } = verifier.boundary(circuitOf(real), real.proof);
        const bound = { inputs: real.commitments.inputs, outputs: real.commitments.outputs };
        for (const [side, bytes] of [
          ['inputs', inputs],
          ['outputs', outputs],
        ] as const) {
          for (const [port, expected] of bound[side].entries()) {
            expect(bytesToHex(bytes[port] ?? new Uint8Array())).toMatch(
              new RegExp(`^${bytesToHex(expected)}`),
            );
          }
        }
      }
    });

    it('splits public values by port', () => {
      const real = fixture(3);
      const { inputs, outputs } = verifier.boundary(circuitOf(real), real.proof);
      expect([...inputs, ...outputs]).toEqual(
        [...real.inputs, ...real.outputs].map((tensor) =>
          writeElements(tensor.map((value) => (value < 0n ? value + scalarModulus : value))),
        ),
      );
    });

    it('links the output of one slice to the input of the next', () => {
      const [output] = verifier.boundary(circuitOf(fixture(0)), fixture(0).proof).outputs;
      const [input] = verifier.boundary(circuitOf(fixture(1)), fixture(1).proof).inputs;
      expect(output).toEqual(input);
    });

    it('refuses values and points that are not canonical', () => {
      const real = fixture(0);
      const { bytes, publicInputs } = real.proof;
      const refused: [string, Fixture['proof']][] = [
        [
          'a value plus the modulus',
          { bytes, publicInputs: publicInputs.map((v, i) => (i === 0 ? v + scalarModulus : v)) },
        ],
        ['a negative value', { bytes, publicInputs: publicInputs.map((v, i) => (i === 0 ? -1n : v)) }],
        ['a value too many', { bytes, publicInputs: [...publicInputs, 0n] }],
        ['a value too few', { bytes, publicInputs: publicInputs.slice(1) }],
        ['a point off the curve', { bytes: flipped(bytes, 63), publicInputs }],
        [
          'a coordinate above the modulus',
          { bytes: Uint8Array.from([...new Uint8Array(32).fill(255), ...bytes.subarray(32)]), publicInputs },
        ],
        [
          'the point at infinity',
          { bytes: Uint8Array.from([...new Uint8Array(64), ...bytes.subarray(64)]), publicInputs },
        ],
        ['a proof that ends too early', { bytes: bytes.slice(0, 40), publicInputs }],
      ];
      for (const [what, proof] of refused) {
        expect(() => verifier.boundary(circuitOf(real), proof), what).toThrow(
          expect.objectContaining({ code: 'ENCODING_INVALID' }),
        );
      }
    });
  });

  describe('commit', () => {
    it('gives what the proof binds, for one and for several columns', async () => {
      for (const i of [0, 1, 2, 4, 5]) {
        const real = fixture(i);
        const circuit = circuitOf(real);
        const bound = verifier.boundary(circuit, real.proof);
        for (const side of ['inputs', 'outputs'] as const) {
          for (const [port, type] of circuit[side].entries()) {
            if (type.scheme.name !== 'kzg') continue;
            const commitment = await verifier.kzg.commit(type, real[side][port] ?? [], real.srs);
            expect(bytesToHex(commitment)).toBe(bytesToHex(bound[side][port] ?? new Uint8Array()));
          }
        }
      }
    });

    it('differs for other values and refuses what it cannot commit to', async () => {
      const real = fixture(1);
      const [type] = circuitOf(real).inputs as [EdgeType];
      const values = [...(real.inputs[0] ?? [])];
      const honest = await verifier.kzg.commit(type, values, real.srs);
      expect(await verifier.kzg.commit(type, values.with(0, (values[0] ?? 0n) + 1n), real.srs)).not.toEqual(
        honest,
      );
      await expect(verifier.kzg.commit(type, values.slice(1), real.srs)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
      });
      await expect(verifier.kzg.commit(type, values.with(0, scalarModulus), real.srs)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
      });
      await expect(
        verifier.kzg.commit(
          { ...type, scheme: { name: 'kzg', srs: '', k: k + 1, usableRows: rows } },
          values,
          real.srs,
        ),
      ).rejects.toMatchObject({ code: 'SRS_INVALID' });
    });
  });

  describe('the interval of a port', () => {
    // 64^1 − 1 = 63 is the largest magnitude that one digit holds.
    const narrow = { model: doubled(4), srs: 'a', k, base: 64, legs: 1, uncheckedWitness: true } as const;
    const attempt = async (
      inputs: 'public' | 'polycommit',
      outputs: 'public' | 'polycommit',
      value: bigint,
    ) => {
      const [made] = await makeFixtures([{ ...narrow, inputs, outputs, values: [[value, 0n, 0n, 0n]] }]);
      return made as Fixture;
    };

    it('is held by constraints at public inputs and outputs', async () => {
      expect((await attempt('public', 'polycommit', 63n)).error).toBeUndefined();
      expect((await attempt('public', 'polycommit', 64n)).error).toBeDefined();
      expect((await attempt('polycommit', 'public', 31n)).error).toBeUndefined();
      expect((await attempt('polycommit', 'public', 32n)).error).toBeDefined();
    });

    it('is not held at committed ones: a witness far outside proves and verifies', async () => {
      const far = await attempt('polycommit', 'polycommit', 1n << 100n);
      expect(circuitOf(far).inputs[0]?.interval).toBe('unproven');
      expect(circuitOf(far).outputs[0]?.interval).toBe('unproven');
      expect(verdicts(await check(far))).toEqual(['valid', 'valid']);
      expect(far.outputs[0]?.[0]).toBe(1n << 101n);
    });
  });

  describe('verify refuses', () => {
    it('a changed byte anywhere in the proof', async () => {
      const real = fixture(0);
      const { bytes } = real.proof;
      for (let at = 31; at < bytes.length; at += 611) {
        const opinions = await check(real, { proof: { ...real.proof, bytes: flipped(bytes, at) } });
        expect(verdicts(opinions), `byte ${at}`).toEqual(['invalid', 'invalid']);
      }
    });

    it('bytes that an engine would let pass: appended words, cut ends', async () => {
      const real = fixture(0);
      const { bytes } = real.proof;
      for (const changed of [
        Uint8Array.from([...bytes, ...new Uint8Array(32)]),
        Uint8Array.from([...bytes, 0]),
        bytes.slice(0, -32),
      ]) {
        const opinions = await check(real, { proof: { ...real.proof, bytes: changed } });
        expect(verdicts(opinions)).toEqual(['invalid', 'invalid']);
        expect(opinions[0]?.reason).toMatch(/bytes instead of/);
      }
    });

    it('other public values, and the same ones plus the modulus', async () => {
      const real = fixture(0);
      for (const add of [1n, scalarModulus]) {
        const publicInputs = real.proof.publicInputs.map((value, i) => (i === 1 ? value + add : value));
        expect(verdicts(await check(real, { proof: { ...real.proof, publicInputs } }))).toEqual([
          'invalid',
          'invalid',
        ]);
      }
    });

    it('a commitment pasted over', async () => {
      const real = fixture(2);
      const bytes = real.proof.bytes.slice();
      bytes.copyWithin(0, 64, 128);
      expect(verdicts(await check(real, { proof: { ...real.proof, bytes } }))).toEqual([
        'invalid',
        'invalid',
      ]);
    });

    it('the proof, key or VKA of another circuit', async () => {
      const [real, other] = [fixture(0), fixture(1)];
      const { verifyingKey, vka } = other;
      expect(accepted(await check(real, { proof: { ...real.proof, bytes: other.proof.bytes } }))).toBe(false);
      expect(verdicts(await check(real, { verifyingKey }))).toEqual(['invalid', 'valid']);
      expect(accepted(await check(real, { vka }))).toBe(false);
    });

    it('a changed byte in the key or the VKA', async () => {
      const real = fixture(0);
      const key = flipped(real.verifyingKey, 7 + 64 * 3 + 5);
      expect(verdicts(await check(real, { verifyingKey: key }))[0]).toBe('invalid');
      // The key's digest is what a proof's challenges start from; then a fixed column's commitment.
      for (const word of [0, 36]) {
        const vka = flipped(real.vka, 8 + 32 * word + 31);
        expect(verdicts(await check(real, { vka }))[1], `word ${word}`).toBe('invalid');
      }
    });

    it('keys of one SRS under another', async () => {
      const [a, b] = [fixture(0), fixture(6)];
      const data = verificationDataOf(b.srs);
      expect(verdicts(await check(a, {}, data))).toEqual(['invalid', 'invalid']);
      expect(verdicts(await check(a, {}, writeG2(G2.BASE)))).toEqual(['invalid', 'invalid']);
      // The engine itself holds the proof against [s]G2, whatever the VKA says.
      expect(verdicts(await check(a, { vka: b.vka }, data))[0]).toBe('invalid');
      await expect(check(a, {}, data.subarray(1))).rejects.toMatchObject({ code: 'ENCODING_INVALID' });
      await expect(check(a, {}, flipped(data, 127))).rejects.toMatchObject({ code: 'ENCODING_INVALID' });
    });

    it('to follow a VKA that keeps the contract busy past its gas', async () => {
      const vka = fixture(1).vka.slice();
      // Where the quotient's last commitment stands: the contract walks from there down to the first.
      vka.set([0x7f, 0xff, 0xff, 0xff], 8 + 32 * 24 + 28);
      const [, evm] = await check(fixture(1), { vka });
      expect(evm).toMatchObject({ verdict: 'unavailable', reason: 'verifyProof: out of gas' });
    });

    it("to run an attacker's bytecode", async () => {
      const real = fixture(0);
      // PUSH1 1, PUSH1 0, MSTORE, PUSH1 64, PUSH1 0, RETURN: always true.
      const yes = Uint8Array.from([0x60, 1, 0x60, 0, 0x52, 0x60, 64, 0x60, 0, 0xf3]);
      for (const evmVerifier of [yes, flipped(runtime, 100), new Uint8Array(30_000)]) {
        const [, evm] = await verifier.verify({
          circuit: circuitOf(real),
          artifacts: artifactsOf(real, evmVerifier),
          proof: real.proof,
          srs: verificationDataOf(real.srs),
        });
        expect(evm).toMatchObject({
          verdict: 'unavailable',
          reason: expect.stringMatching(/not on the list/),
        });
      }
    });
  });

  describe('the engine', () => {
    it('serves the next proof after one that made it panic', async () => {
      const real = fixture(0);
      const selectors = real.verifyingKey.slice(0, real.verifyingKey.length - 40);
      expect(verdicts(await check(real, { verifyingKey: selectors }))[0]).toBe('invalid');
      expect(verdicts(await check(real))).toEqual(['valid', 'valid']);
    });

    it('has no opinion where it is missing or late', async () => {
      const real = fixture(0);
      const request = {
        circuit: circuitOf(real),
        artifacts: artifactsOf(real),
        proof: real.proof,
        srs: verificationDataOf(real.srs),
      };
      expect(verdicts(await createEzklVerifier({}).verify(request))).toEqual(['unavailable', 'unavailable']);

      const late = createEngineThread({ timeout: 1 });
      expect((await createEzklVerifier({ engine: late }).verify(request))[0]).toMatchObject({
        verdict: 'unavailable',
      });
      await late.close();
    });

    it('is held to its memory limit, and fails closed there', async () => {
      const starved = createEngineThread({ memoryLimit: 1_400_000 });
      const real = fixture(0);
      const [opinion] = await createEzklVerifier({ engine: starved }).verify({
        circuit: circuitOf(real),
        artifacts: artifactsOf(real),
        proof: real.proof,
        srs: verificationDataOf(real.srs),
      });
      expect(opinion).toMatchObject({ verdict: 'invalid', reason: expect.stringMatching(/1400000 bytes/) });
      await starved.close();
    });

    it('stops when it is told to', async () => {
      const real = fixture(0);
      const request = {
        circuit: circuitOf(real),
        artifacts: artifactsOf(real),
        proof: real.proof,
        srs: verificationDataOf(real.srs),
      };
      await expect(verifier.verify({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'ABORTED',
      });
      const controller = new AbortController();
      const running = verifier.verify({ ...request, signal: controller.signal });
      controller.abort();
      await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
      expect(verdicts(await check(real))).toEqual(['valid', 'valid']);
    });
  });

  describe('checkSrs', () => {
    it("accepts ezkl's own and says its verification data", async () => {
      const seen: number[] = [];
      const { srs } = fixture(0);
      const checked = await checkSrs(srs, { onProgress: (done, total) => seen.push(done / total) });
      expect(checked).toEqual({ k, verificationData: verificationDataOf(srs) });
      expect(seen.at(-1)).toBe(1);
    });

    it('gives the id and the size to whoever commits again, and refuses what is no SRS', async () => {
      const { srs } = fixture(0);
      const id = srsId('bn254', verificationDataOf(srs));
      expect(await verifier.kzg.inspectSrs(srs)).toEqual({ id, k });
      await expect(verifier.kzg.inspectSrs(flipped(srs, 4 + 64 * 5))).rejects.toMatchObject({
        code: 'SRS_INVALID',
      });
      await expect(verifier.kzg.inspectSrs(srs, AbortSignal.abort())).rejects.toMatchObject({
        code: 'ABORTED',
      });
    });

    const side = 64 * 2 ** k;
    it.each<[string, (srs: Uint8Array) => Uint8Array]>([
      ['a wrong power', (srs) => srs.slice().copyWithin(4 + 64 * 7, 4 + 64 * 8, 4 + 64 * 9)],
      ['a wrong last power', (srs) => srs.slice().copyWithin(4 + side - 64, 4 + 64, 4 + 128)],
      ['a wrong Lagrange point', (srs) => srs.slice().copyWithin(4 + side + 64 * 7, 4 + 64 * 8, 4 + 64 * 9)],
      ['a first power that is not the generator', (srs) => srs.slice().copyWithin(4, 4 + 64, 4 + 128)],
      [
        '[s]G2 that is G2',
        (srs) => srs.slice().copyWithin(srs.length - 128, srs.length - 256, srs.length - 128),
      ],
      ['a point off the curve', (srs) => flipped(srs, 4 + 64 * 5)],
      ['a cut file', (srs) => srs.slice(0, -1)],
      ['another k', (srs) => flipped(srs, 0)],
      ['an absurd k', (srs) => flipped(srs, 3, 0x80)],
      ['no bytes', () => new Uint8Array()],
    ])('refuses %s', async (_, change) => {
      await expect(checkSrs(change(fixture(0).srs))).rejects.toMatchObject({ code: 'SRS_INVALID' });
    });

    it('refuses the powers of one secret beside [s]G2 of another', async () => {
      const mixed = fixture(0).srs.slice();
      mixed.set(openSrs(fixture(6).srs).sG2, mixed.length - 128);
      await expect(checkSrs(mixed)).rejects.toThrow(/powers are not those/);
    });

    it('stops when it is told to', async () => {
      await expect(checkSrs(fixture(0).srs, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'ABORTED',
      });
    });
  });
});
