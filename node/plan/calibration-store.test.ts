import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FloatRange } from '../provers/circuit/index.ts';
import { type CalibratedModel, type CalibrationStore, openCalibrationStore } from './calibration-store.ts';

const of = { model: '11'.repeat(32), rewrites: [] };
const seen = (min: number, max: number) => new Map([['x', { min, max }]]);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-calibrations-'));
});
/** What a job does whose circuits hold the input. */
async function widenedAndKept(
  store: CalibrationStore,
  model: CalibratedModel,
  ranges: ReadonlyMap<string, FloatRange>,
) {
  const widened = await store.widened(model, ranges);
  await widened.keep();
  return widened.ranges;
}
afterEach(() => rm(directory, { recursive: true, force: true }));

test('what is kept stays the same while inputs stay in range', async () => {
  const first = await widenedAndKept(openCalibrationStore(directory), of, seen(-1, 4));
  expect(first.get('x')).toEqual({ min: -1.25, max: 5 });
  const again = await widenedAndKept(openCalibrationStore(directory), of, seen(-1.2, 4.9));
  expect(again).toEqual(first);
});

test('an input out of range widens that side only, and never past zero', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 4));
  expect((await widenedAndKept(store, of, seen(0.5, 8))).get('x')).toEqual({ min: 0, max: 10 });
  expect((await widenedAndKept(store, of, seen(-2, 1))).get('x')).toEqual({ min: -2.5, max: 10 });
});

test('what no circuit could hold is not kept', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 4));
  expect((await store.widened(of, seen(0, 1e30))).ranges.get('x')).toEqual({ min: 0, max: 1.25e30 });
  expect((await store.widened(of, seen(0, 3))).ranges.get('x')).toEqual({ min: 0, max: 5 });
});

test('models, and the same model under other rewrites, are kept apart', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 4));
  const rewritten = { ...of, rewrites: [{ rule: 'activation after max-pooling', nodes: ['a', 'b'] }] };
  expect((await widenedAndKept(store, rewritten, seen(0, 1))).get('x')).toEqual({ min: 0, max: 1.25 });
});

test('a damaged file counts as nothing', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 4));
  const [name = ''] = await readdir(directory);
  for (const text of ['{', '[1]', '{"x":{"min":"0","max":1}}', '{"x":null}']) {
    await writeFile(join(directory, name), text);
    expect((await widenedAndKept(store, of, seen(0, 1))).get('x')).toEqual({ min: 0, max: 1.25 });
  }
});
