import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EzklRows, RowsMeasurement } from '../../../bench/measurements/measurements.ts';
import { rowSamples } from '../../../bench/measurements/row-samples.ts';
import { buildSample } from '../../../bench/measurements/sample-model.ts';
import { describeWithEzkl, requireEzklPython } from '../../../tests/support/ezkl-python.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { importModel } from '../../model/import/index.ts';
import type { Model } from '../../model/model.ts';
import { segmentModel, slice } from '../../model/slice/index.ts';
import { packageRoot } from '../../package.ts';
import { createEzklProver, type EzklProver } from '../../provers/ezkl/prover.ts';
import { developmentSrs } from '../../provers/ezkl/srs.ts';
import { committedPorts, ezklRows } from './ezkl-rows.ts';
import { ezklSize } from './ezkl-size.ts';

const published = ['mlp', 'cnn-small', 'lenet'];
const models = new Map<string, Model>();
let measured: EzklRows;

beforeAll(async () => {
  const data = join(packageRoot, 'bench/measurements/ezkl-rows.json');
  measured = JSON.parse(await readFile(data, 'utf8')) as EzklRows;
  for (const [name, sample] of Object.entries(rowSamples)) models.set(name, buildSample(sample));
  for (const name of published) {
    const { model } = await importModel(join(packageRoot, 'models', `${name}.onnx`));
    models.set(name, model);
    for (const segment of slice(model, { kind: 'layer' }, () => 1).segments) {
      models.set(`${name}/${segment.id}`, segmentModel(model, segment));
    }
  }
});

function predict({ name, decompLegs, innerColumns, outputs }: RowsMeasurement): number {
  const model = models.get(name);
  if (model === undefined) throw new Error(`There is no sample ${name}.`);
  const ports = { inputs: committedPorts(model).inputs, outputs: model.outputs.map(() => outputs) };
  return ezklRows(model, ports, { scale: 7, decompBase: 1024, decompLegs, innerColumns });
}

describe('ezklRows, against layouts that ezkl made', () => {
  it('has a measurement of every sample', () => {
    expect(new Set(measured.samples.map(({ name }) => name))).toEqual(new Set(models.keys()));
  });

  it('predicts them within 5 %', () => {
    const wrong = measured.samples
      .map((sample) => ({ ...sample, predicted: predict(sample) }))
      .filter(({ predicted, rows }) => Math.abs(predicted - rows) > 0.05 * rows);
    expect(wrong).toEqual([]);
  });

  it('is exact on one column, but for what a layout wastes where operations and columns meet', () => {
    const wrong = measured.samples
      .filter(({ innerColumns }) => innerColumns === 1)
      .map((sample) => ({ ...sample, predicted: predict(sample) }))
      .filter(({ predicted, rows }) => Math.abs(predicted - rows) > 0.001 * rows);
    expect(wrong).toEqual([]);
  });
});

describeWithEzkl('ezklRows, against the installed ezkl', () => {
  let directory: string;
  let prover: EzklProver;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-rows-'));
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
    prover = createEzklProver({ python: requireEzklPython(), cache, srs: developmentSrs(cache), directory });
  });
  afterAll(async () => {
    await prover.close();
    await rm(directory, { recursive: true, force: true });
  });

  it.each(published)('predicts the layout of %s with public inputs and outputs', async (name) => {
    const model = models.get(name);
    if (model === undefined) throw new Error(`There is no model ${name}.`);
    const params = { k: 12, scale: 6, decompBase: 512, decompLegs: 3, innerColumns: 3 };
    const open = (tensors: readonly string[]) =>
      tensors.map(() => ({ scheme: 'public', blinded: false }) as const);
    const source = { model, inputs: open(model.inputs), outputs: open(model.outputs) };
    const { rows, instances } = await prover.measure(source, params);
    const publicly = (tensors: readonly string[]) => tensors.map(() => 'public' as const);
    const schemes = { inputs: publicly(model.inputs), outputs: publicly(model.outputs) };
    const predicted = ezklSize(model, schemes, params);
    expect(predicted.instances).toBe(instances);
    expect(Math.abs(predicted.rows - rows) / rows).toBeLessThan(0.01);
  });
});
