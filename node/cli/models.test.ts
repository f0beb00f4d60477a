import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tessera } from '../../tests/support/command-line.ts';
import { packageRoot } from '../package.ts';

// run and slice, as scripts use them; both work where ezkl is left out.
const model = join(packageRoot, 'models', 'mlp.onnx');
let folder: string;
const withoutProvers = () => ({
  TESSERA_WITHOUT_EZKL: '1',
  TESSERA_WITHOUT_GROTH16: '1',
  TESSERA_HOME: join(folder, 'home'),
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('run compares a model with its slices and ends with 0 where they are equal', async () => {
  const args = ['run', model, '--random', '1', '--by', 'layer', '--json'];
  const { status, stdout, stderr } = await tessera(args, withoutProvers());
  expect(status).toBe(0);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    segments: 2,
    maxAbsError: expect.any(Number),
    maxRelError: expect.any(Number),
    tolerance: expect.any(Number),
    equal: true,
  });
});

test('run takes its input from a file', async () => {
  const input = join(folder, 'image.json');
  await writeFile(input, JSON.stringify({ image: Array.from({ length: 784 }, (_, i) => (i % 16) / 16) }));
  const args = ['run', model, '--shape', 'image=1,1,28,28', '--input', input, '--by', 'parts=2', '--json'];
  const { status, stdout } = await tessera(args, withoutProvers());
  expect([status, JSON.parse(stdout).equal]).toEqual([0, true]);
});

test('slice writes one ONNX file a segment and the graph, and each file is a model of its own', async () => {
  const out = join(folder, 'segments');
  const { status, stdout, stderr } = await tessera(
    ['slice', model, '--by', 'parts=2', '--out', out, '--json'],
    withoutProvers(),
  );
  expect([status, stderr]).toEqual([0, '']);
  const graph = JSON.parse(stdout);
  expect(JSON.parse(await readFile(join(out, 'graph.json'), 'utf8'))).toEqual(graph);
  const files = graph.segments.map(({ file }: { file: string }) => file);
  expect((await readdir(out)).sort()).toEqual([...files, 'graph.json'].sort());
  expect(graph.segments).toMatchObject([{ provable: true }, { provable: true }]);
  expect(graph.segments[1].inputs).toEqual(graph.segments[0].outputs);

  for (const file of files) {
    const again = await tessera(
      ['run', join(out, file), '--random', '2', '--by', 'layer', '--json'],
      withoutProvers(),
    );
    expect(again.status).toBe(0);
  }
});

describe('an error is JSON with its code, and its exit status', () => {
  const cases: [string, string, number, string[]][] = [
    ['no input', 'USAGE', 2, ['run', model, '--by', 'layer']],
    ['two inputs', 'USAGE', 2, ['run', model, '--by', 'layer', '--random', '1', '--input', 'x.json']],
    ['no strategy', 'USAGE', 2, ['run', model, '--random', '1']],
    ['an unknown strategy', 'USAGE', 2, ['run', model, '--random', '1', '--by', 'magic']],
    ['a limit that cannot be met', 'USAGE', 2, ['run', model, '--random', '1', '--by', 'rows=10']],
    [
      'a flag for ezkl without ezkl',
      'USAGE',
      2,
      ['prove', model, '--input', 'x.json', '--prover', 'groth16', '--scale', '7', '--out', 'x.cert'],
    ],
    ['a ceremony for no segment', 'USAGE', 2, ['ceremony', 'init', 'x', '--model', model]],
    ['a malformed shape', 'USAGE', 2, ['run', model, '--random', '1', '--by', 'layer', '--shape', 'image']],
    ['an unknown cut', 'TENSOR_UNKNOWN', 2, ['run', model, '--random', '1', '--by', 'cuts=nowhere']],
    ['no output directory', 'USAGE', 2, ['slice', model, '--by', 'layer']],
    [
      'a file that is no model',
      'MODEL_UNREADABLE',
      1,
      ['run', import.meta.filename, '--random', '1', '--by', 'layer'],
    ],
    ['no such model', 'MODEL_UNREADABLE', 1, ['run', '/nonexistent.onnx', '--random', '1', '--by', 'layer']],
    ['no such input', 'STORAGE_FAILED', 1, ['run', model, '--input', '/nonexistent.npy', '--by', 'layer']],
    ['no certificate to write', 'USAGE', 2, ['prove', model, '--input', 'x.json']],
    ['an SRS without its digest', 'USAGE', 2, ['prove', model, '--input', 'x', '--out', 'y', '--srs', 'z']],
    ['a certificate in the model’s place', 'USAGE', 2, ['prove', model, '--input', 'x', '--out', model]],
    [
      'a certificate in the place of the SRS',
      'USAGE',
      2,
      [
        ...['prove', model, '--input', 'x', '--out', join(packageRoot, 'README.md')],
        ...['--srs', join(packageRoot, 'README.md'), '--srs-digest', '0'.repeat(64)],
      ],
    ],
    ['every prover left out', 'PROVER_MISSING', 1, ['prove', model, '--input', 'x', '--out', 'y']],
  ];
  test.each(cases)('%s: %s, %i', async (_, code, expected, args) => {
    const { status, stdout, stderr } = await tessera([...args, '--json'], withoutProvers());
    expect(JSON.parse(stdout).error).toMatchObject({ code, message: expect.any(String) });
    expect(status).toBe(expected);
    expect(stderr).toContain(code);
  });
});
