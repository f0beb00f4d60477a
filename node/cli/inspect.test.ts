import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tessera } from '../../tests/support/command-line.ts';
import { modelType } from '../model/onnx/schema.ts';
import { packageRoot } from '../package.ts';

const model = join(packageRoot, 'models', 'mlp.onnx');
let folder: string;
const withoutEzkl = () => ({ TESSERA_WITHOUT_EZKL: '1', TESSERA_HOME: join(folder, 'home') });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-inspect-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('inspect prints what scripts rely on, and writes the page, with no prover installed', async () => {
  const html = join(folder, 'mlp.html');
  const { status, stdout, stderr } = await tessera(
    ['inspect', model, '--html', html, '--json'],
    withoutEzkl(),
  );
  expect([status, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout);
  expect(report.layers.map(({ operator }: { operator: string }) => operator)).toEqual([
    'Flatten',
    'Gemm',
    'Relu',
    'Gemm',
  ]);
  expect(report.layers[1]).toMatchObject({
    name: expect.any(String),
    parameters: 25_120,
    multiplications: 25_088,
    rows: expect.any(Number),
    constraintsPerParameter: expect.any(Number),
  });
  expect(report.totals).toMatchObject({ parameters: 25_450, rows: expect.any(Number) });
  expect(await readFile(html, 'utf8')).toMatch(/^<!doctype html>/);
});

test('inspect wants the shape of a dynamic input, and takes it from a flag', async () => {
  const open = join(folder, 'open.onnx');
  const message = modelType.decode(await readFile(model)).toJSON();
  message.graph.input[0].type.tensorType.shape.dim[0] = { dimParam: 'batch' };
  await writeFile(open, modelType.encode(modelType.fromObject(message)).finish());
  const refused = await tessera(['inspect', open, '--json'], withoutEzkl());
  expect([refused.status, JSON.parse(refused.stdout).error.code]).toEqual([2, 'SHAPE_UNKNOWN']);
  const taken = await tessera(['inspect', open, '--shape', 'image=1,1,28,28', '--json'], withoutEzkl());
  expect([taken.status, JSON.parse(taken.stdout).layers.length]).toEqual([0, 4]);
});

test('inspect refuses a file that is no model', async () => {
  const { status, stdout } = await tessera(
    ['inspect', join(packageRoot, 'package.json'), '--json'],
    withoutEzkl(),
  );
  expect([status, JSON.parse(stdout).error.code]).toEqual([1, 'MODEL_UNREADABLE']);
});
