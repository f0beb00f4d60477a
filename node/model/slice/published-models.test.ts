import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importModel } from '../import/index.ts';
import { everyStrategy, expectSlicesEqual, importRandomised } from '../test-models/expect-slices-equal.ts';
import { lightModel } from '../test-models/light-models.ts';
import type { DirectStrategy } from './strategy.ts';

const own = async (name: string) =>
  (await importModel(fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url)))).model;

const layer: DirectStrategy = { kind: 'layer' };
const parts: DirectStrategy = { kind: 'parts', count: 4 };

describe('slices', () => {
  it.each([
    ['lenet', () => own('lenet')],
    ['SqueezeNet', () => importRandomised(lightModel('light_squeezenet'))],
    ['ShuffleNet', () => importRandomised(lightModel('light_shufflenet'))],
  ] as const)('compute what %s does, by every strategy', async (_name, load) => {
    const model = await load();
    for (const { segments } of await expectSlicesEqual(model, everyStrategy(model))) {
      expect(segments.length).toBeGreaterThan(1);
    }
  });

  it.each(['cnn-small', 'mlp'])('compute what %s does, by layer', async (name) => {
    await expectSlicesEqual(await own(name), [layer]);
  });

  it.each([
    ['light_bvlc_alexnet', layer],
    ['light_densenet121', parts],
    ['light_inception_v1', layer],
    ['light_inception_v2', parts],
    ['light_resnet50', layer],
    ['light_vgg19', parts],
    ['light_zfnet512', parts],
  ] as const)('compute what %s does with random weights', async (name, strategy) => {
    await expectSlicesEqual(await importRandomised(lightModel(name)), [strategy]);
  });
});
