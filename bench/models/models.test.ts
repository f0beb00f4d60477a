import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementCount } from '../../node/model/element.ts';
import { importModel } from '../../node/model/import/index.ts';
import { infer } from '../../node/model/inference.ts';
import type { Model } from '../../node/model/model.ts';
import { writeModel } from '../../node/model/onnx/index.ts';
import { randomInputs } from '../../node/model/random-inputs.ts';
import { convolutionModel } from './convolution.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-models-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function written(draft: Parameters<typeof writeModel>[0]): Promise<Model> {
  const path = join(directory, `${draft.name}.onnx`);
  await writeModel(draft, path);
  return (await importModel(path)).model;
}

const count = (model: Model, operator: string) =>
  model.nodes.filter((node) => node.operator === operator).length;
const parameters = (model: Model) =>
  [...model.constants.values()].reduce((sum, { type }) => sum + elementCount(type.shape), 0);
const outputOf = async (model: Model, seed: number) =>
  (await infer(model, randomInputs(model, seed))).get(model.outputs[0] ?? '')?.data as Float32Array;
const spread = (values: Float32Array) =>
  Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);

describe('mobilenetV2', () => {
  let model: Model;
  beforeAll(async () => {
    model = await written(mobilenetV2(96));
  });

  it('has the published layers and number of parameters', () => {
    expect(count(model, 'Conv')).toBe(52);
    expect(count(model, 'Clip')).toBe(35);
    expect(count(model, 'Add')).toBe(10);
    // 3.5 million in the paper; batch norms are folded into biases.
    expect(parameters(model)).toBeGreaterThan(3.4e6);
    expect(parameters(model)).toBeLessThan(3.6e6);
    expect(model.types.get(model.outputs[0] ?? '')?.shape).toEqual([1, 1000]);
  });

  it('keeps activations in bounds, and its answer depends on the image', async () => {
    const [a, b] = [await outputOf(model, 1), await outputOf(model, 2)];
    expect(spread(a)).toBeGreaterThan(0.05);
    expect(spread(a)).toBeLessThan(20);
    expect(spread(a.map((value, i) => value - (b[i] ?? 0)))).toBeGreaterThan(0.01);
  });
});

describe('convolutionModel', () => {
  it('multiplies as often as its name says', async () => {
    const model = await written(convolutionModel(16, 16));
    expect(model.types.get(model.outputs[0] ?? '')?.shape).toEqual([1, 16, 16, 16]);
    expect(parameters(model)).toBe(16 * 16 * 9 + 16);
    expect(spread(await outputOf(model, 1))).toBeGreaterThan(0.1);
  });
});
