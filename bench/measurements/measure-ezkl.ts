/**
 * Sets up and proves sample circuits with ezkl, one after another, and writes what each took to ezkl-proofs.json. With
 * an argument, only those whose name holds it; the others' figures stay.
 * Run on an idle machine: node bench/measurements/measure-ezkl.ts && node bench/measurements/fit.ts
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '../../node/model/onnx/index.ts';
import { sizeOf } from '../../node/model/tensor-type.ts';
import { runArguments } from '../../node/provers/ezkl/run-arguments.ts';
import { encodeInputs } from '../../node/provers/ezkl/witness-files.ts';
import { describeMachine, describeVersions } from '../machine.ts';
import { inFreshWorker } from './ezkl-worker.ts';
import type { EzklProofMeasurement, EzklProofMeasurements } from './measurements.ts';
import { type ProofSample, proofSamples } from './proof-samples.ts';
import { buildSample } from './sample-model.ts';

const results = new URL('./ezkl-proofs.json', import.meta.url);

async function measure(
  { name, model: sample, params }: ProofSample,
  srs: string,
): Promise<EzklProofMeasurement> {
  const directory = await mkdtemp(join(tmpdir(), 'tessera-measure-'));
  const path = (file: string) => join(directory, file);
  try {
    const model = buildSample(sample);
    await writeModel(model, path('model.onnx'));
    const committed = () => ({ scheme: 'kzg', blinded: false }) as const;
    const source = { model, inputs: model.inputs.map(committed), outputs: model.outputs.map(committed) };
    const files = { circuit: path('circuit'), srs, provingKey: path('key') };
    await inFreshWorker(directory, (request) =>
      request('compile', {
        model: path('model.onnx'),
        settings: path('settings.json'),
        circuit: files.circuit,
        arguments: runArguments(source, params),
      }),
    );
    const { num_rows: rows } = JSON.parse(await readFile(path('settings.json'), 'utf8')) as {
      num_rows: number;
    };
    const setup = await inFreshWorker(directory, (request) =>
      request('setup', { ...files, verifyingKey: path('verifying-key') }),
    );
    const inputs = model.inputs.map((input) =>
      Array.from({ length: sizeOf(model, input) }, (_, i) => BigInt((i * 37) % 128)),
    );
    await writeFile(path('input.json'), encodeInputs(inputs));
    const prove = await inFreshWorker(directory, async (request) => {
      await request('execute', {
        ...files,
        provingKey: undefined,
        input: path('input.json'),
        witness: path('witness'),
      });
      return request('prove', { ...files, witness: path('witness'), proof: path('proof.json') });
    });
    const { hex_proof: proof } = JSON.parse(await readFile(path('proof.json'), 'utf8')) as {
      hex_proof: string;
    };
    const provingKeyBytes = (await stat(files.provingKey)).size;
    return {
      name,
      ...params,
      operators: model.nodes.map(({ operator }) => operator),
      rows,
      provingKeyBytes,
      proofBytes: proof.length / 2 - 1,
      setup,
      prove,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const [, , only = ''] = process.argv;
const chosen = proofSamples.filter(({ name }) => name.includes(only));
const earlier = JSON.parse(await readFile(results, 'utf8')) as EzklProofMeasurements;
const samples = earlier.samples.filter(({ name }) => proofSamples.some((sample) => sample.name === name));
const srsDirectory = await mkdtemp(join(tmpdir(), 'tessera-srs-'));
try {
  for (const sample of chosen) {
    const { k } = sample.params;
    const srs = join(srsDirectory, `${k}.srs`);
    if (!(await stat(srs).catch(() => undefined))) {
      await inFreshWorker(srsDirectory, (request) => request('srs', { path: srs, k }));
    }
    const measured = await measure(sample, srs);
    const known = samples.findIndex(({ name }) => name === measured.name);
    samples.splice(known === -1 ? samples.length : known, known === -1 ? 0 : 1, measured);
    console.log(
      `${measured.name}: ${measured.rows} rows, setup ${measured.setup.seconds.toFixed(1)} s, prove ${measured.prove.seconds.toFixed(1)} s`,
    );
    const report: EzklProofMeasurements = {
      date: new Date().toISOString(),
      machine: describeMachine(),
      versions: describeVersions(),
      loadAverage: loadavg()[0] ?? 0,
      samples,
    };
    await writeFile(results, `${JSON.stringify(report, undefined, 2)}\n`);
  }
} finally {
  await rm(srsDirectory, { recursive: true });
}
