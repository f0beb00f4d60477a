import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Statement } from '../../protocol/certificate.ts';
import type { EdgeType } from '../../protocol/edge.ts';
import { run, toyCertificate } from '../../protocol/fixtures/toy-certificate.ts';
import { quantise } from '../../protocol/quantise.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { inferFile } from '../model/inference.ts';
import { encodeModel } from '../model/onnx/index.ts';
import { doublesOf, tensorOf } from '../model/tensor-data.ts';
import { compareWithFloats, type Fidelity } from './fidelity.ts';

const model = branchingModel();
const scale = 10;
const pixels = Float64Array.from({ length: 36 }, (_, i) => i / 64);
let folder: string;
let path: string;
/** The float model's scores of these pixels. */
let scores: Float64Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-fidelity-'));
  path = join(folder, 'model.onnx');
  await writeFile(path, await encodeModel(model));
  const image = tensorOf('image', { element: 'float32', shape: [1, 1, 6, 6] }, pixels);
  const outputs = await inferFile(path, new Map([['image', image]]));
  const tensor = outputs.get('scores');
  if (tensor === undefined) throw new Error('The model has scores.');
  scores = doublesOf(tensor);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Compares what a certificate with these statements shows. */
function compare(statements: readonly Statement[], names = ['image', 'scores']): Promise<Fidelity> {
  const { manifest } = toyCertificate(run([1n, 2n, 3n, 4n]));
  const type = (shape: number[]): EdgeType => ({
    shape,
    signed: true,
    scale,
    interval: { lo: -(2n ** 40n), hi: 2n ** 40n },
    scheme: { name: 'public' },
  });
  const edges = names.map((name, i) => ({ name, type: type(i === 0 ? [1, 1, 6, 6] : [1, 3]), blocks: [] }));
  const graph = { edges, segments: [], inputs: [0], outputs: [1] };
  return compareWithFloats({ manifest: { ...manifest, graph }, statements }, { path, model });
}

const image = (floats?: Float64Array): Statement => ({
  edge: 0,
  values: quantise(pixels, scale),
  ...(floats === undefined ? {} : { floats }),
});
const scored = (values: ArrayLike<number>): Statement => ({ edge: 1, values: quantise(values, scale) });

it('measures the largest difference in the units of the output', async () => {
  const { outputs, statedFloats, uncompared } = await compare([
    image(pixels),
    scored(scores.map((x) => x + 0.25)),
  ]);
  expect([statedFloats, uncompared]).toEqual([true, []]);
  expect(outputs).toEqual([
    {
      name: 'scores',
      maxDifference: expect.closeTo(0.25, 2),
      maxMagnitude: Math.max(...scores.map(Math.abs)),
      sameClass: true,
    },
  ]);
});

it('runs the stated floats, and without them what the integers stand for, which it says', async () => {
  const other = pixels.map((x) => 1 - x);
  const [stated, unstated] = [
    await compare([image(other), scored(scores)]),
    await compare([image(), scored(scores)]),
  ];
  expect([stated.statedFloats, unstated.statedFloats]).toEqual([true, false]);
  expect(unstated.outputs[0]?.maxDifference).toBeLessThan(0.01);
  expect(stated.outputs[0]?.maxDifference).toBeGreaterThan(0.01);
});

it('sees another class, also where circuits cannot tell classes apart', async () => {
  const classes = async (values: ArrayLike<number>) =>
    (await compare([image(), scored(values)])).outputs[0]?.sameClass;
  expect(await classes(scores.map((x) => -x))).toBe(false);
  expect(await classes([0, 0, 0])).toBe(false);
});

it.each<[string, () => Promise<Fidelity>, RegExp]>([
  ['no statement of the input', () => compare([scored(scores)]), /input image is not in the clear/],
  ['no statement of the output', () => compare([image()]), /output scores is not in the clear/],
  [
    'an input of another name',
    () => compare([image(), scored(scores)], ['picture', 'scores']),
    /no input picture/,
  ],
  [
    'an output of another name',
    () => compare([image(), scored(scores)], ['image', 'result']),
    /no output result/,
  ],
  [
    'too few values of the input',
    () => compare([{ edge: 0, values: [1n] }, scored(scores)]),
    /1 values for the shape/,
  ],
  [
    'too few values of the output',
    () => compare([image(), scored([1])]),
    /1 stated values; the float model gives 3/,
  ],
])('says what it cannot compare: %s', async (_, compared, why) => {
  expect(await compared()).toMatchObject({ outputs: [], uncompared: [expect.stringMatching(why)] });
});
