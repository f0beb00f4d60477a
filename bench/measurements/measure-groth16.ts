/**
 * Sets up and proves sample circuits with the Groth16 worker, one after another, and writes what each took to
 * groth16.json. Run on an idle machine: node bench/measurements/measure-groth16.ts && node bench/measurements/fit.ts
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importModel } from '../../node/model/import/index.ts';
import type { Model } from '../../node/model/model.ts';
import { sizeOf } from '../../node/model/tensor-type.ts';
import {
  type CircuitPort,
  calibrate,
  compileCircuit,
  countConstraints,
  type FloatInputs,
  generateWitness,
  openFloatRunner,
  quantiseInputs,
  quantiseModel,
} from '../../node/provers/circuit/index.ts';
import { builtWorker } from '../../node/provers/groth16/testing/worker.ts';
import { workerProcess } from '../../node/provers/groth16/worker-process.ts';
import { describeMachine, describeVersions } from '../machine.ts';
import { measuredRequest, taken } from './measured-worker.ts';
import type { Groth16Measurement, Groth16Measurements } from './measurements.ts';
import { convolution, dense, pooling } from './proof-samples.ts';
import { buildSample } from './sample-model.ts';

const results = new URL('./groth16.json', import.meta.url);
const published = (name: string) => fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));

/** From one thousand to a hundred thousand constraints; few and many terms. */
const samples: readonly { name: string; model: () => Promise<Model> }[] = [
  { name: 'conv 1-2-4', model: async () => buildSample(convolution(1, 2, 4)) },
  { name: 'conv 2-6-8', model: async () => buildSample(convolution(2, 6, 8)) },
  { name: 'dense 512-100', model: async () => buildSample(dense(512, 100)) },
  { name: 'dense 1024-800', model: async () => buildSample(dense(1024, 800)) },
  { name: 'pool 2-12', model: async () => buildSample(pooling(2, 12)) },
  ...['mlp', 'cnn-small', 'lenet'].map((name) => ({
    name,
    model: async () => (await importModel(published(name))).model,
  })),
];

/** Inputs from [0, 1) that are the same in every run. */
function inputsOf(model: Model, seed: number): FloatInputs {
  return new Map(
    model.inputs.map((name) => [
      name,
      Float32Array.from({ length: sizeOf(model, name) }, (_, i) => ((i * 37 + seed * 101) % 256) / 256),
    ]),
  );
}

async function measure(name: string, model: Model): Promise<Groth16Measurement> {
  const runner = await openFloatRunner(model);
  const ranges = await calibrate(
    runner,
    [1, 2, 3, 4].map((seed) => inputsOf(model, seed)),
  );
  await runner.close();
  const { model: quantised } = await quantiseModel(model, ranges);
  const port = (tensor: string): CircuitPort => {
    const { lo = 0, hi = 0 } = quantised.tensors.get(tensor) ?? {};
    return { lo, hi, binding: { scheme: 'poseidon2', domain: 0n, blinded: false } };
  };
  const circuit = compileCircuit(quantised, {
    inputs: quantised.inputs.map(port),
    outputs: quantised.outputs.map(port),
  });
  const inputs = [...quantiseInputs(quantised, inputsOf(model, 1)).values()];
  const { constraints, terms } = countConstraints(circuit.constraints);
  const directory = await mkdtemp(join(tmpdir(), 'tessera-measure-'));
  const command = await builtWorker();
  const file = (role: string) => join(directory, role);
  const files = {
    constraints: file('constraints'),
    provingKey: file('proving-key'),
    verifyingKey: file('verifying-key'),
  };
  const setupWorker = workerProcess(command);
  const proveWorker = workerProcess(command);
  try {
    await writeFile(files.constraints, circuit.constraints);
    await writeFile(file('witness'), generateWitness(circuit, { inputs, context: 0n }).bytes);
    const setup = await measuredRequest(setupWorker, 'setup', files);
    const { provingKey: provingKeyDigest } = setup.value as { provingKey: string };
    const loaded = await measuredRequest(proveWorker, 'load', { ...files, provingKeyDigest });
    const { circuit: id } = loaded.value as { circuit: string };
    const prove = await measuredRequest(proveWorker, 'prove', { circuit: id, witness: file('witness') });
    const provingKeyBytes = (await stat(files.provingKey)).size;
    const peakBytes = Math.max(loaded.peakBytes, prove.peakBytes);
    return {
      name,
      constraints,
      terms,
      provingKeyBytes,
      setup: taken(setup),
      prove: taken({ ...prove, peakBytes }),
    };
  } finally {
    await Promise.all([setupWorker.close(), proveWorker.close()]);
    await rm(directory, { recursive: true });
  }
}

const measured: Groth16Measurement[] = [];
for (const { name, model } of samples) {
  const sample = await measure(name, await model());
  measured.push(sample);
  console.log(
    `${name}: ${sample.constraints} constraints, ${sample.terms} terms, setup ${sample.setup.seconds.toFixed(1)} s, prove ${sample.prove.seconds.toFixed(2)} s`,
  );
  const report: Groth16Measurements = {
    date: new Date().toISOString(),
    machine: describeMachine(),
    versions: describeVersions(),
    loadAverage: loadavg()[0] ?? 0,
    samples: measured,
  };
  await writeFile(results, `${JSON.stringify(report, undefined, 2)}\n`);
}
