import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../../protocol/ids.ts';
import { describeWithEzkl, requireEzklPython } from '../../../tests/support/ezkl-python.ts';
import { killEzklWorkers } from '../../../tests/support/kill-ezkl-workers.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import type { Model } from '../../model/model.ts';
import { nodeOf, scaledModel } from '../../model/test-models/small-models.ts';
import type { PortScheme, ProverEvent, SegmentSource } from '../prover.ts';
import { defaultEzklParams, formatParams } from './parameters.ts';
import { createEzklProver, type EzklProver } from './prover.ts';
import { developmentSrs, publishedSrs, srsBytes } from './srs.ts';
import { createEzklVerifier, ezklAdapter } from './verifier/index.ts';

const params = { ...defaultEzklParams, k: 11 };
/** More than any of these circuits takes. */
const memoryLimit = 8e9;
let directory: string;
let cache: ArtifactCache;
let prover: EzklProver;
const more: EzklProver[] = [];

function create(from: ArtifactCache, source = developmentSrs(from)): EzklProver {
  const created = createEzklProver({ python: requireEzklPython(), cache: from, srs: source, directory });
  more.push(created);
  return created;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ezkl-'));
  cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
  prover = createEzklProver({ python: requireEzklPython(), cache, srs: developmentSrs(cache), directory });
});
afterEach(async () => {
  await Promise.all(more.splice(0).map((each) => each.close()));
});
afterAll(async () => {
  await prover.close();
  await rm(directory, { recursive: true, force: true });
});

function source(model: Model, inputs: PortScheme, outputs: PortScheme, scale = 7): SegmentSource {
  return {
    model,
    inputs: model.inputs.map(() => ({ scheme: inputs, blinded: false, settled: { scale } })),
    outputs: model.outputs.map(() => ({ scheme: outputs, blinded: false })),
  };
}

const first = source(scaledModel([1, 2, -1, 0.5]), 'public', 'kzg');
const second = source(scaledModel([3, 1, 1, 1]), 'kzg', 'public');
const inputs = [[128n, -64n, -256n, 100n]];

const verifier = createEzklVerifier({});

describeWithEzkl('the ezkl prover', () => {
  it('proves two slices whose commitments on the shared edge are the same bytes', async () => {
    const a = await prover.compile(first, formatParams(params));
    const b = await prover.compile(second, formatParams(params));
    const middle = await prover.execute(a, inputs);
    expect(middle.outputs).toEqual([[128n, 0n, 256n, 50n]]);
    const end = await prover.execute(b, middle.outputs);
    expect(end.outputs).toEqual([[384n, 0n, 256n, 50n]]);

    const proofA = await prover.prove(a, inputs);
    const proofB = await prover.prove(b, middle.outputs);
    const boundA = verifier.boundary(a.circuit, proofA);
    const boundB = verifier.boundary(b.circuit, proofB);
    expect(boundA.outputs[0]).toEqual(boundB.inputs[0]);
    const srs = new Uint8Array(await readFile(await prover.srsFile(params.k)));
    const type = a.circuit.outputs[0];
    if (type === undefined) throw new Error('the segment has an output');
    expect(await verifier.kzg.commit(type, middle.outputs[0] ?? [], srs)).toEqual(boundA.outputs[0]);
  });

  it('describes the circuit by what its verifying data say', async () => {
    const { circuit, constraints, provingMemory } = await prover.compile(first, formatParams(params));
    expect(circuit).toMatchObject({ prover: 'ezkl', adapter: ezklAdapter });
    const [input] = circuit.inputs;
    const [output] = circuit.outputs;
    const limit = 1024n ** 3n - 1n;
    expect(input).toMatchObject({ shape: [1, 4], scale: 7, interval: { lo: -limit, hi: limit } });
    expect(output).toMatchObject({ shape: [1, 4], scale: 7, interval: 'unproven', scheme: { k: 11 } });
    expect(circuit.output).toEqual({ kind: 'tolerance', operators: ['Mul'] });
    expect(constraints).toBeGreaterThan(0);
    expect(provingMemory).toBeGreaterThan(0);
  });

  it('makes the same circuit from the same content, and names its artifacts by their digests', async () => {
    const segment = await prover.compile(first, formatParams(params));
    const artifacts = await prover.artifacts(segment);
    for (const [role, bytes] of Object.entries(artifacts)) {
      expect(sha256Hex(bytes)).toBe(segment.circuit.artifacts[role]);
    }
    // Another cache, the same SRS: everything is made anew.
    const path = await prover.srsFile(params.k);
    const other = new ArtifactCache({ directory: join(directory, 'other'), maxBytes: 1e9 });
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const again = await create(other, publishedSrs(other, path, digest)).compile(first, formatParams(params));
    expect(again.circuit).toEqual(segment.circuit);
  });

  it('makes nothing twice', async () => {
    const model = scaledModel([1, 1, 1, 4]);
    const run = async () => {
      const events: ProverEvent[] = [];
      const options = { memoryLimit, onProgress: (event: ProverEvent) => void events.push(event) };
      const each = create(cache);
      const segment = await each.compile(source(model, 'public', 'public'), formatParams(params), options);
      const proof = await each.prove(segment, inputs, options);
      await each.close();
      return { proof, ends: events.filter((event) => event.type === 'prover:end') };
    };
    const one = await run();
    const two = await run();
    const made = ({ ends }: typeof one) => ends.filter(({ cached }) => !cached).map(({ step }) => step);
    expect(made(one)).toEqual(['compile', 'setup', 'execute', 'prove']);
    expect(one.ends.filter(({ cached }) => !cached).every(({ peakBytes }) => peakBytes > 1e6)).toBe(true);
    expect(made(two)).toEqual([]);
    expect(two.proof).toEqual(one.proof);
  });

  it('makes the keys again when a damaged proving key is to be proven with, and not before', async () => {
    const damaged = source(scaledModel([1, 3, 1, 5]), 'public', 'public');
    const before = create(cache);
    const keys = await before.exportReadyKeys?.(await before.compile(damaged, formatParams(params)));
    const path = keys?.get('provingKey')?.path ?? '';
    const bytes = await readFile(path);
    const digest = sha256Hex(bytes);
    bytes.fill(1, bytes.length - 1_000);
    await writeFile(path, bytes);

    const each = create(new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 }));
    const steps: ProverEvent[] = [];
    const onProgress = (event: ProverEvent) => void steps.push(event);
    const segment = await each.compile(damaged, formatParams(params), { memoryLimit, onProgress });
    expect(steps).toContainEqual(expect.objectContaining({ step: 'setup', cached: true }));
    expect(sha256Hex(await readFile(path))).not.toBe(digest);
    await each.prove(segment, inputs);
    expect(sha256Hex(await readFile(path))).toBe(digest);
  });

  it('shares the work of two processes', async () => {
    const shared = join(directory, 'shared');
    const script = `
      import { ArtifactCache } from ${JSON.stringify(new URL('../../artifacts/cache.ts', import.meta.url).href)};
      import { createEzklProver } from ${JSON.stringify(new URL('./prover.ts', import.meta.url).href)};
      import { developmentSrs } from ${JSON.stringify(new URL('./srs.ts', import.meta.url).href)};
      const [python, directory] = process.argv.slice(1);
      const cache = new ArtifactCache({ directory, maxBytes: 1e9 });
      const prover = createEzklProver({ python, cache, srs: developmentSrs(cache), directory });
      const element = 'float32';
      const type = { element, shape: [1, 4] };
      const model = { name: 'm', irVersion: 8, opsets: new Map([['', 13]]), inputs: ['x'], outputs: ['y'],
        nodes: [{ name: 'y', operator: 'Relu', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() }],
        constants: new Map(), types: new Map([['x', type], ['y', type]]) };
      const made = [];
      const port = { scheme: 'public', blinded: false };
      const onProgress = (event) => { if (event.type === 'prover:end' && !event.cached) made.push(event.step); };
      const segment = await prover.compile({ model, inputs: [port], outputs: [port] },
        ${JSON.stringify(formatParams(params))}, { onProgress });
      const proof = await prover.prove(segment, [[1n, -2n, 3n, -4n]], { onProgress });
      await prover.close();
      console.log(JSON.stringify({ made, proof: Buffer.from(proof.bytes).toString('hex') }));`;
    const runs = await Promise.all(
      [1, 2].map(() =>
        promisify(execFile)(process.execPath, [
          '--input-type=module',
          '-e',
          script,
          requireEzklPython(),
          shared,
        ]),
      ),
    );
    const [one, two] = runs.map(({ stdout }) => JSON.parse(stdout) as { made: string[]; proof: string });
    expect(one?.proof).toBe(two?.proof);
    expect([...(one?.made ?? []), ...(two?.made ?? [])].sort()).toEqual(
      ['compile', 'execute', 'prove', 'setup', 'srs'].sort(),
    );
  });

  it('refuses what ezkl cannot bind, before it is compiled', async () => {
    const type = { element: 'float32' as const, shape: [1, 4] };
    const two = scaledModel([1, 1, 1, 1], {
      inputs: ['x', 'z'],
      nodes: [nodeOf('Add', ['x', 'z'], 'y')],
      types: new Map(['x', 'z', 'y'].map((name) => [name, type])),
    });
    const both = source(two, 'kzg', 'kzg');
    const [port = { scheme: 'kzg', blinded: false }] = both.inputs;
    const mixed = { ...both, inputs: [port, { ...port, scheme: 'public' as const }] };
    await expect(prover.compile(mixed, formatParams(params))).rejects.toMatchObject({ code: 'UNPROVABLE' });
    const scales = { ...both, inputs: [port, { ...port, settled: { scale: 8 } }] };
    await expect(prover.compile(scales, formatParams(params))).rejects.toMatchObject({ code: 'UNPROVABLE' });
    await expect(prover.compile(first, formatParams({ ...params, k: 10 }))).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('refuses values outside the range before anything is proven', async () => {
    const segment = await prover.compile(first, formatParams(params));
    const limit = 1024n ** 3n;
    await expect(prover.execute(segment, [[0n, 0n, limit, 0n]])).rejects.toMatchObject({
      code: 'RANGE_EXCEEDED',
      details: { port: 0, index: 2, hi: String(limit - 1n) },
    });
    await expect(prover.prove(segment, [[0n]])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    // Fits at the input, and leaves the range inside: 2^29 · 2 · 2^7.
    await expect(prover.execute(segment, [[0n, 2n ** 29n, 0n, 0n]])).rejects.toMatchObject({
      code: 'RANGE_EXCEEDED',
    });
    const model = scaledModel([1, 1, 1, 1], { nodes: [nodeOf('Sigmoid', ['x'], 'y')], constants: new Map() });
    // The table of 65,537 values takes several columns.
    const table = await prover.compile(source(model, 'public', 'public'), formatParams({ ...params, k: 14 }));
    await expect(prover.execute(table, [[0n, 2n ** 20n, 0n, 0n]])).rejects.toMatchObject({
      code: 'RANGE_EXCEEDED',
      details: { hi: String(2 ** 20) },
    });
    expect((await prover.execute(table, [[0n, 128n, 0n, 0n]])).outputs).toEqual([[64n, 94n, 64n, 64n]]);
  });

  it('reports an operator that ezkl cannot compile', async () => {
    const model = scaledModel([1, 1, 1, 1], {
      nodes: [nodeOf('Mish', ['x'], 'y')],
      opsets: new Map([['', 18]]),
    });
    await expect(
      prover.compile(source(model, 'public', 'public'), formatParams(params)),
    ).rejects.toMatchObject({
      code: 'PROVER_FAILED',
    });
  });

  it('ends at the memory limit, the deadline and on cancellation, and works on', async () => {
    const segment = await prover.compile(first, formatParams(params));
    const values = [[1n, 2n, 3n, 4n]];
    await expect(prover.prove(segment, values, { memoryLimit: 10e6 })).rejects.toMatchObject({
      code: 'MEMORY_EXCEEDED',
      details: { limit: 10e6 },
    });
    await expect(prover.prove(segment, values, { memoryLimit, timeout: 1 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    const controller = new AbortController();
    const cancelled = prover.prove(segment, values, {
      memoryLimit,
      signal: controller.signal,
      onProgress: (event) => event.type === 'prover:start' && event.step === 'prove' && controller.abort(),
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await prover.prove(segment, values)).publicInputs).toHaveLength(4);
  });

  it('ends one request, not the node, when the worker is killed while it proves', async () => {
    const segment = await prover.compile(first, formatParams(params));
    const values = [[5n, 6n, 7n, 8n]];
    await prover.execute(segment, values);
    const over = new AbortController();
    let killing: Promise<void> | undefined;
    const killed = prover.prove(segment, values, {
      memoryLimit,
      onProgress: (event) => {
        if (event.type === 'prover:start' && event.step === 'prove') killing = killEzklWorkers(over.signal);
      },
    });
    await expect(killed).rejects.toMatchObject({ code: 'PROVER_CRASHED', details: { signal: 'SIGKILL' } });
    over.abort();
    await killing;
    expect((await prover.prove(segment, values)).bytes.length).toBeGreaterThan(0);
  });
});

describeWithEzkl('a published SRS', () => {
  it('comes from an address with its digest, once, and must have the size of the circuits', async () => {
    const bytes = await readFile(await prover.srsFile(params.k));
    expect(bytes.length).toBe(srsBytes(params.k));
    const digest = createHash('sha256').update(bytes).digest('hex');
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.end(bytes);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/kzg11.srs`;
    try {
      const remote = create(cache, publishedSrs(cache, url, digest));
      expect((await stat(await remote.srsFile(11))).size).toBe(bytes.length);
      await remote.srsFile(11);
      expect(requests).toBe(1);
      await expect(remote.srsFile(12)).rejects.toMatchObject({ code: 'SRS_INVALID', details: { size: 11 } });
      const wrong = create(cache, publishedSrs(cache, url, '1'.repeat(64)));
      await expect(wrong.srsFile(11)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
    } finally {
      server.close();
    }
  });

  it('is refused as a file when it is cut, another one, or missing', async () => {
    const bytes = await readFile(await prover.srsFile(params.k));
    const path = join(directory, 'given.srs');
    const invalid = { code: 'SRS_INVALID' };
    const open = () => create(cache, publishedSrs(cache, path, '0'.repeat(64))).srsFile(params.k);
    await expect(open()).rejects.toMatchObject(invalid);
    await writeFile(path, bytes.subarray(0, -1));
    await expect(open()).rejects.toThrow(/format/);
    await writeFile(path, bytes);
    await expect(open()).rejects.toThrow(/sha2-256/);
  });
});
