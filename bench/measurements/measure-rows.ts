/**
 * Lays sample models and the published ones out with ezkl, without keys, and writes their exact rows to ezkl-rows.json.
 * To be run again for another version of ezkl: node bench/measurements/measure-rows.ts
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importModel } from '../../node/model/import/index.ts';
import type { Model } from '../../node/model/model.ts';
import { writeModel } from '../../node/model/onnx/index.ts';
import { segmentModel, slice } from '../../node/model/slice/index.ts';
import { runArguments } from '../../node/provers/ezkl/run-arguments.ts';
import { describeVersions } from '../machine.ts';
import { type EzklRequest, inFreshWorker } from './ezkl-worker.ts';
import type { EzklRows, RowsMeasurement } from './measurements.ts';
import { rowSamples } from './row-samples.ts';
import { buildSample } from './sample-model.ts';

const results = new URL('./ezkl-rows.json', import.meta.url);
const published = (name: string) => fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));

/** Layouts that differ in all that rows depend on. */
const layouts = [
  { decompLegs: 2, innerColumns: 1, outputs: 'kzg' },
  { decompLegs: 3, innerColumns: 1, outputs: 'public' },
  { decompLegs: 3, innerColumns: 2, outputs: 'kzg' },
  { decompLegs: 4, innerColumns: 4, outputs: 'kzg' },
] as const;

async function rowsOf(
  model: Model,
  layout: (typeof layouts)[number],
  directory: string,
  request: EzklRequest,
): Promise<number> {
  const { outputs, ...rest } = layout;
  const params = { k: 17, scale: 7, decompBase: 1024, ...rest };
  const path = (file: string) => join(directory, file);
  await writeModel(model, path('model.onnx'));
  const source = {
    model,
    inputs: model.inputs.map(() => ({ scheme: 'kzg', blinded: false }) as const),
    outputs: model.outputs.map(() => ({ scheme: outputs, blinded: false }) as const),
  };
  await request('compile', {
    model: path('model.onnx'),
    settings: path('settings.json'),
    circuit: path('circuit'),
    arguments: runArguments(source, params),
  });
  const { num_rows: rows } = JSON.parse(await readFile(path('settings.json'), 'utf8')) as {
    num_rows: number;
  };
  return rows;
}

async function models(): Promise<{ name: string; model: Model }[]> {
  const small = Object.entries(rowSamples).map(([name, sample]) => ({ name, model: buildSample(sample) }));
  const real = await Promise.all(
    ['mlp', 'cnn-small', 'lenet'].map(async (name) => {
      const { model } = await importModel(published(name));
      const { segments } = slice(model, { kind: 'layer' }, () => 1);
      const own = segments.map((segment) => ({
        name: `${name}/${segment.id}`,
        model: segmentModel(model, segment),
      }));
      return [{ name, model }, ...own];
    }),
  );
  return [...small, ...real.flat()];
}

const samples: RowsMeasurement[] = [];
const directory = await mkdtemp(join(tmpdir(), 'tessera-rows-'));
try {
  await inFreshWorker(directory, async (request) => {
    for (const { name, model } of await models()) {
      for (const layout of layouts) {
        const rows = await rowsOf(model, layout, directory, request).catch((error: unknown) => {
          console.log(`${name}: ${error instanceof Error ? error.message : error}`);
        });
        if (rows !== undefined) samples.push({ name, ...layout, rows });
      }
    }
  });
} finally {
  await rm(directory, { recursive: true });
}
const report: EzklRows = { ezkl: describeVersions().ezkl, samples };
await writeFile(results, `${JSON.stringify(report, undefined, 2)}\n`);
