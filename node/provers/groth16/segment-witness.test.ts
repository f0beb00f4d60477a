import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Model } from '../../model/model.ts';
import { generateWitness } from '../circuit/index.ts';
import { compileSegment } from './compile-segment.ts';
import { groth16Params } from './parameters.ts';
import { segmentWitness } from './segment-witness.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-witness-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** y = relu(x) over so many values. */
async function relu(count: number) {
  const model: Model = {
    name: 'relu',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: ['x'],
    outputs: ['y'],
    nodes: [
      { name: 'relu', operator: 'Relu', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() },
    ],
    constants: new Map(),
    types: new Map(['x', 'y'].map((name) => [name, { element: 'float32', shape: [1, count] }])),
  };
  const ranges = new Map([
    ['x', { min: -1, max: 0.99 }],
    ['y', { min: 0, max: 1 }],
  ]);
  const port = { scheme: 'poseidon2', blinded: false } as const;
  const params = groth16Params(model, ranges, new Set(), { inputBits: 8 });
  const { circuit } = await compileSegment({ model, inputs: [port], outputs: [port] }, params);
  const path = join(directory, `circuit-${count}`);
  await writeFile(path, serialize(circuit));
  return { circuit, path };
}

const inputOf = (count: number) => Float64Array.from({ length: count }, (_, index) => (index % 200) - 100);

it.each([
  [8, true],
  [3_000, false],
])('of %i values is the one that is computed here', async (count, small) => {
  const segment = await relu(count);
  expect(segment.circuit.constraintCount < 50_000).toBe(small);
  const execution = { inputs: [inputOf(count)], context: 5n };
  const bytes = await segmentWitness(segment, execution);
  expect(Buffer.compare(bytes, generateWitness(segment.circuit, execution).bytes)).toBe(0);
  const outside = { ...execution, inputs: [inputOf(count).fill(1e6)] };
  await expect(segmentWitness(segment, outside)).rejects.toMatchObject({ code: 'RANGE_EXCEEDED' });
});

it('is not computed for who has cancelled', async () => {
  const execution = { inputs: [inputOf(3_000)], context: 0n };
  const cancelled = segmentWitness(await relu(3_000), execution, { signal: AbortSignal.abort() });
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
});
