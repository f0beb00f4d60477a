import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Call } from '../call.ts';
import type { Port } from '../prover.ts';
import { compileSegment } from './compile-segment.ts';
import { LoadedCircuits, type LoadParameters } from './loaded-circuits.ts';
import { denseModel, paramsOf } from './testing/dense.ts';
import { builtWorker } from './testing/worker.ts';
import { workerProcess } from './worker-process.ts';

let folder: string;
let worker: ReturnType<typeof workerProcess>;
let circuits: LoadParameters[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-groth16-'));
  worker = workerProcess(await builtWorker());
  const open: Port = { scheme: 'public', blinded: false };
  const source = { model: denseModel, inputs: [open], outputs: [open] };
  const { constraints } = await compileSegment(source, paramsOf(denseModel));
  const path = join(folder, 'constraints');
  await writeFile(path, constraints);
  circuits = [];
  // Keys of one circuit that differ are two circuits to the worker.
  for (const name of ['a', 'b']) {
    const keys = { provingKey: join(folder, `${name}.pk`), verifyingKey: join(folder, `${name}.vk`) };
    const { value } = await worker.request('setup', { constraints: path, ...keys });
    const provingKeyDigest = (value as { provingKey: string }).provingKey;
    circuits.push({ constraints: path, ...keys, provingKeyDigest });
  }
});
afterAll(async () => {
  await worker.close();
  await rm(folder, { recursive: true });
});

/** What the worker is asked for while a, b and again a are loaded, each of 100 bytes. */
async function requestsUnder(memoryLimit: number | undefined): Promise<string[]> {
  const requests: string[] = [];
  const loaded = new LoadedCircuits();
  const recorded: Pick<typeof worker, 'request'> = {
    request: (operation, parameters, options) => {
      requests.push(operation);
      // The limit is for the bookkeeping; no process is this small.
      return worker.request(operation, parameters, { ...options, memoryLimit: 2 ** 30 });
    },
  };
  const [a, b] = circuits as [LoadParameters, LoadParameters];
  for (const circuit of [a, b, a]) {
    const call = new Call(recorded, memoryLimit === undefined ? {} : { memoryLimit });
    expect(await loaded.load(circuit, 100, call)).toBe(circuit.provingKeyDigest);
  }
  return requests;
}

it('keeps circuits loaded while they fit the limit together', async () => {
  const loads = ['load', 'load', 'load'];
  expect(await requestsUnder(undefined)).toEqual(loads);
  expect(await requestsUnder(200)).toEqual(loads);
});

it('unloads the others where only one fits', async () => {
  expect(await requestsUnder(199)).toEqual(['load', 'unload', 'load', 'unload', 'load']);
});
