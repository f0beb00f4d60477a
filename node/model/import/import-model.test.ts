import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { constantLength } from '../constant.ts';
import { expectEquivalent } from '../test-models/expect-equivalent.ts';
import { lightModel, lightModels } from '../test-models/light-models.ts';
import { importModel } from './import-model.ts';

const ownModels = ['cnn-small', 'lenet', 'mlp'].map((name) =>
  fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url)),
);

describe('importModel', () => {
  it.each(ownModels)('keeps what %s computes', expectEquivalent);

  it.each(['light_squeezenet', 'light_shufflenet'] as const)(
    'keeps what %s computes with random weights',
    (name) => expectEquivalent(lightModel(name)),
    60_000,
  );

  it.each(lightModels)(
    'gives every tensor of %s a type, every node a name, and explicit windows',
    async (name) => {
      const { model } = await importModel(lightModel(name));
      for (const node of model.nodes) {
        for (const output of node.outputs) if (output !== '') expect(model.types.has(output)).toBe(true);
        expect(['Constant', 'ConstantOfShape', 'BatchNormalization', 'Dropout']).not.toContain(node.operator);
        if (node.operator === 'Conv' || node.operator === 'MaxPool') {
          for (const attribute of ['kernel_shape', 'strides', 'pads'])
            expect(node.attributes.has(attribute)).toBe(true);
        }
      }
      expect(new Set(model.nodes.map((node) => node.name)).size).toBe(model.nodes.length);
    },
  );

  it('keeps the fills of VGG-19 symbolic', async () => {
    const { model } = await importModel(lightModel('light_vgg19'));
    const lengths = { symbolic: 0, inMemory: 0 };
    for (const constant of model.constants.values()) {
      const kind = constant.source.kind === 'fill' ? 'symbolic' : 'inMemory';
      lengths[kind] += constantLength(constant);
    }
    expect(lengths.symbolic).toBeGreaterThan(500e6);
    expect(lengths.inMemory).toBeLessThan(1e6);
  });

  it('names a model without external data by the digest of its file', async () => {
    const [path = ''] = ownModels;
    const { sha256 } = await importModel(path);
    expect(sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'));
  });
});
