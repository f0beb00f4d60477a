import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../protocol/ids.ts';
import { commit } from '../../../protocol/poseidon2/index.ts';
import type { Opinion } from '../../../protocol/verifier.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import type { Model } from '../../model/model.ts';
import type { CompiledSegment, Port, Prover, ProverEvent } from '../prover.ts';
import { formatGroth16Params } from './parameters.ts';
import { createGroth16Prover } from './prover.ts';
import { denseModel, denseSegment, paramsOf } from './testing/dense.ts';
import { builtWorker } from './testing/worker.ts';
import { createGroth16Verifier, readSetupRecord, writeSetupRecord } from './verifier/index.ts';

const buildTimeout = 300_000;
/** More than any of these circuits takes. */
const memoryLimit = 2e9;
const committed: Port = { scheme: 'poseidon2', blinded: false };
const blinded: Port = { scheme: 'poseidon2', blinded: true };
const open: Port = { scheme: 'public', blinded: false };

let directory: string;
let cache: ArtifactCache;
let prover: Prover;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
  cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory });
}, buildTimeout);
afterAll(async () => {
  await prover.close();
  await rm(directory, { recursive: true });
});

const compile = (model: Model, input: Port, output: Port, by = prover) =>
  by.compile({ model, inputs: [input], outputs: [output] }, formatGroth16Params(paramsOf(model)));

async function verdict(
  segment: CompiledSegment,
  proof: { bytes: Uint8Array; publicInputs: readonly bigint[] },
  context = 0n,
): Promise<Opinion['verdict'] | undefined> {
  const verifier = createGroth16Verifier();
  const [opinion] = await verifier.verify({
    circuit: segment.circuit,
    artifacts: await prover.artifacts(segment),
    proof,
    srs: new Uint8Array(),
    context,
  });
  return opinion?.verdict;
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** x = (−1, 0.5, 0, 0.25) at scale 7. */
const input = [[-128n, 64n, 0n, 32n]];

describe('createGroth16Prover', () => {
  it('proves committed edges under the context', async () => {
    const segment = await compile(denseModel, committed, committed);
    const { circuit } = segment;
    const boundary = await prover.execute(segment, input);
    const proof = await prover.prove(segment, input, { memoryLimit, context: 9n });
    expect(await verdict(segment, proof, 9n)).toBe('valid');
    expect(await verdict(segment, proof)).toBe('invalid');

    const [x, y] = [circuit.inputs[0], circuit.outputs[0]];
    if (x === undefined || y === undefined || x.interval === 'unproven' || y.interval === 'unproven') {
      throw new Error('both edges prove their interval');
    }
    expect(x).toMatchObject({ scale: 7, signed: true, scheme: { name: 'poseidon2', blinded: false } });
    expect(y).toMatchObject({ signed: false });
    expect(createGroth16Verifier().boundary(circuit, proof)).toEqual({
      inputs: [commit({ ...x, interval: x.interval }, input[0] ?? [])],
      outputs: [commit({ ...y, interval: y.interval }, boundary.outputs[0] ?? [])],
    });
    for (const index of proof.publicInputs.keys()) {
      const changed = proof.publicInputs.map((value, i) => (i === index ? value + 1n : value));
      expect(await verdict(segment, { ...proof, publicInputs: changed }, changed[0])).toBe('invalid');
    }
  });

  it('computes relu(x·W + b)', async () => {
    const segment = await compile(denseModel, open, open);
    const { outputs } = await prover.execute(segment, input);
    const scale = segment.circuit.outputs[0]?.scale ?? 0;
    const floats = outputs[0]?.map((value) => Number(value) / 2 ** scale) ?? [];
    // −1·(1, −½, ¼, 0) + ½·(½, 1, −1, ¾) + ¼·(0, ⅛, −1, 1) + (½, −¼, 0, ⅛)
    const expected = [0, 0.78125, 0, 0.75];
    floats.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 2);
    });
    const proof = await prover.prove(segment, input);
    expect(proof.publicInputs.slice(5)).toEqual(outputs[0]);
    expect(await verdict(segment, proof)).toBe('valid');
  });

  it('names its artifacts by their digests, the constraints among them', async () => {
    const segment = await compile(denseModel, committed, committed);
    const artifacts = await prover.artifacts(segment);
    for (const [role, bytes] of Object.entries(artifacts)) {
      expect(segment.circuit.artifacts[role]).toBe(sha256Hex(bytes));
    }
    expect(readSetupRecord(artifacts.setup ?? new Uint8Array())).toMatchObject({
      trust: 'development',
      constraints: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await prover.srsFiles(formatGroth16Params(paramsOf(denseModel)))).toEqual(new Map());
  });

  it('compiles and sets up once for all processes of a machine', async () => {
    const first = await compile(denseModel, committed, committed);
    const events: ProverEvent[] = [];
    const other = createGroth16Prover({ worker: await builtWorker(), cache, directory });
    try {
      const again = await other.compile(
        { model: denseModel, inputs: [committed], outputs: [committed] },
        formatGroth16Params(paramsOf(denseModel)),
        { memoryLimit, onProgress: (event) => events.push(event) },
      );
      expect(again).toEqual(first);
      const ended = events.filter((event) => event.type === 'prover:end');
      expect(ended).toMatchObject([
        { step: 'compile', cached: true },
        { step: 'setup', cached: true },
      ]);
      expect((await other.prove(again, input)).publicInputs).toHaveLength(3);
    } finally {
      await other.close();
    }
  });

  it('joins two segments by the same commitment, hidden by the same blinding value', async () => {
    const gemm = await compile(denseSegment('gemm'), open, blinded);
    const edge = gemm.circuit.outputs[0];
    if (edge === undefined) throw new Error('the segment has an output');
    const relu = await compile(denseSegment('relu'), { ...blinded, settled: edge }, open);
    expect(relu.circuit.inputs[0]).toEqual(edge);

    const { outputs } = await prover.execute(gemm, input);
    const produced = await prover.prove(gemm, input, {
      memoryLimit,
      blindings: { inputs: [], outputs: [5n] },
    });
    const consumed = await prover.prove(relu, outputs, {
      memoryLimit,
      blindings: { inputs: [5n], outputs: [] },
    });
    expect(await verdict(gemm, produced)).toBe('valid');
    expect(await verdict(relu, consumed)).toBe('valid');
    expect(produced.publicInputs.at(-1)).toBe(consumed.publicInputs[1]);
    const elsewhere = await prover.prove(relu, outputs, {
      memoryLimit,
      blindings: { inputs: [6n], outputs: [] },
    });
    expect(elsewhere.publicInputs[1]).not.toBe(consumed.publicInputs[1]);
  });

  it.each([
    ['a value outside the edge', [[128n, 0n, 0n, 0n]], {}, 'RANGE_EXCEEDED'],
    ['a value that no number holds', [[10n ** 80n, 0n, 0n, 0n]], {}, 'RANGE_EXCEEDED'],
    ['too few values', [[0n]], {}, 'INPUT_INVALID'],
    ['too many tensors', [...input, ...input], {}, 'INPUT_INVALID'],
    ['a context that is not below r', input, { context: 1n << 254n }, 'INPUT_INVALID'],
    [
      'a blinding value for an open edge',
      input,
      { memoryLimit, blindings: { inputs: [1n], outputs: [] } },
      'INPUT_INVALID',
    ],
  ])('refuses %s before anything is proven', async (_, values, options, code) => {
    const segment = await compile(denseModel, committed, committed);
    const events: ProverEvent[] = [];
    const proving = prover.prove(segment, values, {
      ...options,
      memoryLimit,
      onProgress: (event) => events.push(event),
    });
    await expect(proving).rejects.toMatchObject({ code });
    expect(events.some((event) => event.type === 'prover:start' && event.step === 'prove')).toBe(false);
  });

  it('names the tensor whose value is out of range', async () => {
    const segment = await compile(denseModel, committed, committed);
    const outside = prover.execute(segment, [[0n, 0n, -129n, 0n]]);
    await expect(outside).rejects.toMatchObject({
      code: 'RANGE_EXCEEDED',
      details: { tensor: 'x', element: 2 },
    });
  });

  it('refuses a blinded edge without its blinding value', async () => {
    const segment = await compile(denseModel, blinded, committed);
    await expect(prover.prove(segment, input)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    for (const value of [-1n, 1n << 254n]) {
      const proving = prover.prove(segment, input, {
        memoryLimit,
        blindings: { inputs: [value], outputs: [] },
      });
      await expect(proving).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
  });

  it('leaves no witness behind', async () => {
    const segment = await compile(denseModel, committed, committed);
    await prover.prove(segment, input);
    expect((await readdir(directory)).filter((name) => name.startsWith('witness'))).toEqual([]);
  });

  it('keeps no proof waiting for its turn that is cancelled', async () => {
    const segment = await compile(denseModel, committed, committed);
    const ended: number[] = [];
    let begun = 0;
    let cancelled = -1;
    const proofs = Array.from({ length: 4 }, (_, index) => {
      const { signal, abort } = abortable();
      const onProgress = (event: ProverEvent) => {
        if (event.type !== 'prover:start' || event.step !== 'prove' || ++begun < 4) return;
        // It is the last in line.
        cancelled = index;
        setImmediate(abort);
      };
      return prover
        .prove(segment, input, { signal, memoryLimit, onProgress })
        .finally(() => ended.push(index));
    });
    const results = await Promise.allSettled(proofs);
    expect(results[cancelled]).toMatchObject({ reason: { code: 'ABORTED' } });
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(ended.at(-1)).not.toBe(cancelled);
    expect((await readdir(directory)).filter((name) => name.startsWith('witness'))).toEqual([]);
  });

  describe('rebuild', () => {
    const source = { model: denseModel, inputs: [committed], outputs: [committed] };
    const params = formatGroth16Params(paramsOf(denseModel));

    it('gives what compile gave, with or without the artifacts at hand', async () => {
      const segment = await prover.compile(source, params);
      const { circuit } = segment;
      for (const known of [await prover.artifacts(segment), {}]) {
        expect((await prover.rebuild?.(source, params, { circuit, artifacts: known }))?.circuit).toEqual(
          circuit,
        );
      }
    });

    it('gives another setup than that of other constraints', async () => {
      const segment = await prover.compile(source, params);
      const other = params.replace('"headroomBits":1', '"headroomBits":2');
      const stated = { circuit: segment.circuit, artifacts: await prover.artifacts(segment) };
      for (const known of [stated, { ...stated, artifacts: {} }]) {
        const rebuilt = await prover.rebuild?.(source, other, known);
        expect(rebuilt?.circuit.artifacts.verifyingKey).toBe(segment.circuit.artifacts.verifyingKey);
        expect(rebuilt?.circuit.artifacts.setup).not.toBe(segment.circuit.artifacts.setup);
      }
    });

    it('asks for the transcript of a ceremony that it has not seen', async () => {
      const segment = await prover.compile(source, params);
      const { setup } = await prover.artifacts(segment);
      const { constraints } = readSetupRecord(setup ?? new Uint8Array());
      const record = writeSetupRecord({
        trust: 'ceremony',
        constraints,
        transcript: 'cd'.repeat(32),
        powersContributors: 3,
        circuitContributors: 3,
      });
      const artifacts = { ...segment.circuit.artifacts, setup: sha256Hex(record) };
      const stated = { circuit: { ...segment.circuit, artifacts }, artifacts: { setup: record } };
      await expect(prover.rebuild?.(source, params, stated)).rejects.toMatchObject({
        code: 'KEYS_MISSING',
        remedy: expect.stringContaining('cd'.repeat(32)),
      });
    });
  });

  it('proves with keys of a ceremony only where that is asked for', async () => {
    const strict = createGroth16Prover({ worker: await builtWorker(), cache, directory, setup: 'ceremony' });
    try {
      const { setup } = await prover.artifacts(await compile(denseModel, committed, committed));
      const { constraints } = readSetupRecord(setup ?? new Uint8Array());
      await expect(compile(denseModel, committed, committed, strict)).rejects.toMatchObject({
        code: 'KEYS_MISSING',
        details: { constraints },
      });
    } finally {
      await strict.close();
    }
  });
});
