import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { quantise } from '../../../protocol/quantise.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { type Digits, readDigits } from '../../demo/digits.ts';
import { importModel } from '../../model/import/index.ts';
import { packageRoot } from '../../package.ts';
import { calibrate, openFloatRunner } from '../circuit/index.ts';
import type { Port, Prover } from '../prover.ts';
import { formatGroth16Params, groth16Params } from './parameters.ts';
import { createGroth16Prover } from './prover.ts';
import { builtWorker } from './testing/worker.ts';
import { createGroth16Verifier } from './verifier/index.ts';

let directory: string;
let prover: Prover;
let digits: Digits;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
  const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory });
  const file = (name: string) => join(packageRoot, 'data', 'mnist', name);
  digits = await readDigits(file('test-images-idx3-ubyte.gz'), file('test-labels-idx1-ubyte.gz'));
});
afterAll(async () => {
  await prover.close();
  await rm(directory, { recursive: true });
});

const classOf = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

it('proves the classes that a convolutional network gives digits, input committed', async () => {
  const { model } = await importModel(join(packageRoot, 'models', 'cnn-small.onnx'));
  const pixels = (index: number) => Float32Array.from(digits.images[index] ?? [], (pixel) => pixel / 255);
  const runner = await openFloatRunner(model);
  const samples = Array.from({ length: 20 }, (_, i) => new Map([['image', pixels(i)]]));
  const ranges = await calibrate(runner, samples);
  const floats = await Promise.all(samples.slice(0, 2).map((sample) => runner.run(sample)));
  await runner.close();

  const committed: Port = { scheme: 'poseidon2', blinded: false };
  const open: Port = { scheme: 'public', blinded: false };
  const source = { model, inputs: [committed], outputs: [open] };
  const segment = await prover.compile(source, formatGroth16Params(groth16Params(model, ranges, new Set())));
  const { circuit } = segment;
  const artifacts = await prover.artifacts(segment);
  const verifier = createGroth16Verifier();
  for (const [index, float] of floats.entries()) {
    const inputs = [quantise(Float64Array.from(pixels(index)), circuit.inputs[0]?.scale ?? 0)];
    const proof = await prover.prove(segment, inputs);
    const [opinion] = await verifier.verify({ circuit, artifacts, proof, srs: new Uint8Array() });
    expect(opinion).toMatchObject({ verdict: 'valid' });
    const { outputs } = await prover.execute(segment, inputs);
    expect(classOf((outputs[0] ?? []).map(Number))).toBe(
      classOf([...(float.get(model.outputs[0] ?? '') ?? [])]),
    );
  }
});
