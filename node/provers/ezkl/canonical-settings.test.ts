import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithEzkl, requireEzklPython } from '../../../tests/support/ezkl-python.ts';
import { writeModel } from '../../model/onnx/encode.ts';
import { scaledModel } from '../../model/test-models/small-models.ts';
import { defaultEzklParams } from './parameters.ts';
import { runArguments } from './run-arguments.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ezkl-settings-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs Python that has ezkl and `worker`, worker.py as a module; its arguments are `sys.argv[2:]`. */
async function python(program: string, ...given: string[]): Promise<void> {
  const start = `import json, sys; sys.path.insert(0, sys.argv[1]); import worker\n${program}`;
  await promisify(execFile)(requireEzklPython(), ['-B', '-c', start, import.meta.dirname, ...given]);
}

/** What worker.py makes of settings that ezkl wrote. */
async function canonical(settings: object): Promise<string> {
  const path = join(directory, 'settings.json');
  await writeFile(path, JSON.stringify(settings));
  await python('worker.canonical_settings(sys.argv[2])', path);
  return readFile(path, 'utf8');
}

/** As ezkl wrote them for one max-pooling on three columns, twice: its threads count other rows each time. */
const settings = {
  run_args: { num_inner_cols: 3 },
  num_rows: 12_118,
  total_assignments: 36_354,
  einsum_params: { equations: [['ab,ab->a', { a: 3, b: 3 }]] },
  required_range_checks: [
    [-1, 1],
    [0, 1_023],
  ],
  required_lookups: [],
  timestamp: 1,
};

/** Makes a circuit's keys twice: with the settings as they are, and with other rows in them. */
const keysTwice = `
import asyncio, ezkl
directory, k, arguments = sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
model, settings, srs = (f"{directory}/{name}" for name in ("model.onnx", "own.json", "srs"))
async def main():
    ezkl.gen_srs(srs, k)
    await worker.compile_model(ezkl, model, settings, f"{directory}/circuit-0", arguments)
    with open(settings) as file:
        changed = json.load(file)
    changed["num_rows"] += 7
    with open(settings, "w") as file:
        json.dump(changed, file)
    await worker.settled(ezkl.compile_circuit(model, f"{directory}/circuit-1", settings))
    for run in (0, 1):
        names = (f"{directory}/{name}-{run}" for name in ("circuit", "verifying", "proving"))
        circuit, verifying, proving = names
        await worker.setup(ezkl, circuit, srs, verifying, proving)
asyncio.run(main())
`;

describeWithEzkl('the settings of one circuit', () => {
  it('are the same whatever ezkl’s threads raced for', async () => {
    const again = {
      ...settings,
      num_rows: 12_120,
      einsum_params: { equations: [['ab,ab->a', { b: 3, a: 3 }]] },
      required_range_checks: settings.required_range_checks.toReversed(),
      timestamp: 2,
    };
    expect(await canonical(again)).toBe(await canonical(settings));
  });

  it('differ where the circuits do', async () => {
    const other = { ...settings, total_assignments: 36_357 };
    expect(await canonical(other)).not.toBe(await canonical(settings));
  });

  it('count rows on which no key depends', async () => {
    const model = scaledModel([1, 2, -1, 0.5]);
    const port = { scheme: 'public', blinded: false } as const;
    const params = { ...defaultEzklParams, k: 11 };
    await writeModel(model, join(directory, 'model.onnx'));
    const given = runArguments({ model, inputs: [port], outputs: [port] }, params);
    await python(keysTwice, directory, `${params.k}`, JSON.stringify(given));
    const file = (name: string) => readFile(join(directory, name));
    expect(await file('circuit-1')).not.toEqual(await file('circuit-0'));
    for (const key of ['verifying', 'proving']) {
      expect((await file(`${key}-1`)).equals(await file(`${key}-0`))).toBe(true);
    }
  });
});
