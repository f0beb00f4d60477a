import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
  const widened = await store.widened(model, ranges, ['x']);
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
  expect((await store.widened(of, seen(0, 1e30), ['x'])).ranges.get('x')).toEqual({ min: 0, max: 1.25e30 });
  expect((await store.widened(of, seen(0, 3), ['x'])).ranges.get('x')).toEqual({ min: 0, max: 5 });
});

describe('an input of another size', () => {
  let store: CalibrationStore;
  beforeEach(() => {
    store = openCalibrationStore(directory);
  });
  const unusual = async (ranges: ReadonlyMap<string, FloatRange>) =>
    (await store.widened(of, ranges, ['x'])).unusual;

  test('leaves the ranges of the others as they were, and is said to be', async () => {
    const first = await widenedAndKept(store, of, seen(0, 0.8));
    expect(await unusual(seen(0, 3.9))).toBeUndefined();
    expect(await unusual(seen(0, 255))).toEqual({ times: 255, than: 'larger' });
    expect((await widenedAndKept(store, of, seen(0, 255))).get('x')).toEqual({ min: 0, max: 255 * 1.25 });
    expect(await widenedAndKept(store, of, seen(0, 0.9))).toEqual(first);
    expect(await unusual(seen(0, 200))).toMatchObject({ than: 'larger' });
    expect((await store.widened(of, seen(0, 200), ['x'])).ranges.get('x')?.max).toBe(255 * 1.25);
  });

  test('does so where it came first too: those that follow are not held to its range', async () => {
    await widenedAndKept(store, of, seen(0, 255));
    expect(await unusual(seen(0, 0.8))).toEqual({ times: expect.closeTo(398, 0), than: 'smaller' });
    const own = await widenedAndKept(store, of, seen(0, 0.8));
    expect(own.get('x')).toEqual({ min: 0, max: 1 });
    expect(await widenedAndKept(store, of, seen(0, 0.9))).toEqual(own);
    // More inputs of this size than of the first one's by now.
    expect(await unusual(seen(0, 0.7))).toBeUndefined();
  });

  test('is told by what is given, not by what is computed of it', async () => {
    const both = (x: number, y: number) => new Map([...seen(0, x), ['y', { min: 0, max: y }] as const]);
    await widenedAndKept(store, of, both(1, 1));
    expect((await widenedAndKept(store, of, both(1, 100))).get('y')).toEqual({ min: 0, max: 125 });
    expect((await widenedAndKept(store, of, both(1, 0.01))).get('y')).toEqual({ min: 0, max: 125 });
  });

  test('is none that is all zeros, before or after others', async () => {
    await widenedAndKept(store, of, seen(0, 0));
    expect(await unusual(seen(0, 1))).toBeUndefined();
    await widenedAndKept(store, of, seen(0, 1));
    await widenedAndKept(store, of, seen(0, 1));
    expect(await unusual(seen(0, 0))).toBeUndefined();
  });
});

test('samples settle the ranges, wider or narrower, and the bits of inputs with them', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 10));
  await widenedAndKept(store, of, seen(0, 1000));
  await store.settle(of, { ranges: seen(0, 1), inputBits: 5 });
  expect(await store.widened(of, seen(0.1, 0.9), ['x'])).toMatchObject({ ranges: seen(0, 1), inputBits: 5 });
  const far = await store.widened(of, seen(0, 1000), ['x']);
  expect(far).toMatchObject({ unusual: { times: 1000, than: 'larger' } });
  expect(far.inputBits).toBeUndefined();
  for (let i = 0; i < 3; i += 1) await widenedAndKept(store, of, seen(0, 1000));
  expect((await store.widened(of, seen(0, 1), ['x'])).unusual).toBeUndefined();
});

test('what is kept can be listed and forgotten', async () => {
  const store = openCalibrationStore(join(directory, 'of-nothing-yet'));
  expect([await store.list(), await store.clear()]).toEqual([[], []]);
  await widenedAndKept(store, of, seen(0, 1));
  await widenedAndKept(store, { ...of, model: '22'.repeat(32) }, seen(0, 1));
  const listed = await store.list();
  expect(listed).toHaveLength(2);
  expect(listed[0]).toEqual({
    key: expect.stringMatching(/^[0-9a-f]{64}$/),
    bytes: expect.any(Number),
    lastUsed: expect.any(Date),
  });
  expect(await store.clear()).toEqual(listed);
  expect(await store.list()).toEqual([]);
});

test('a file of ranges alone is of inputs of one size', async () => {
  const store = openCalibrationStore(directory);
  await widenedAndKept(store, of, seen(0, 4));
  const [name = ''] = await readdir(directory);
  await writeFile(join(directory, name), JSON.stringify({ x: { min: 0, max: 320 } }));
  expect((await store.widened(of, seen(0, 300), ['x'])).ranges).toEqual(seen(0, 320));
  expect((await store.widened(of, seen(0, 1), ['x'])).ranges.get('x')).toEqual({ min: 0, max: 1.25 });
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
