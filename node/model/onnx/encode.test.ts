import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constantBytes } from '../constant.ts';
import { importModel } from '../import/import-model.ts';
import { lightModel } from '../test-models/light-models.ts';
import { draftOf, nodeOf } from '../test-models/small-models.ts';
import { encodeModel, writeModel } from './encode.ts';
import { readModel } from './read.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-encode-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const models = [
  ...['lenet', 'mlp'].map((name) => fileURLToPath(new URL(`../../../models/${name}.onnx`, import.meta.url))),
  lightModel('light_squeezenet'),
];

/** A model of one constant of 2^29 zeros and a bit, which takes no memory. */
const large = draftOf([nodeOf('Add', ['x', 'w'], 'y')], {
  constants: new Map([
    ['w', { type: { element: 'float32', shape: [2 ** 29] }, source: { kind: 'fill', value: 0 } }],
  ]),
  types: new Map([['x', { element: 'float32', shape: [1] }]]),
});

describe('an encoded model', () => {
  it.each(models)('reads back as it was: %s', async (path) => {
    const { model } = await importModel(path);
    const written = join(folder, 'model.onnx');
    await writeModel(model, written);
    const { draft } = readModel(written);
    expect(draft.nodes).toEqual(model.nodes);
    expect([draft.inputs, draft.outputs, draft.opsets]).toEqual([model.inputs, model.outputs, model.opsets]);
    expect([...draft.constants.keys()]).toEqual([...model.constants.keys()]);
    for (const [name, constant] of draft.constants) {
      const original = model.constants.get(name);
      expect(constant.type).toEqual(original?.type);
      expect(original && Buffer.compare(await constantBytes(constant), await constantBytes(original))).toBe(
        0,
      );
    }
  });

  it('imports again as itself', async () => {
    const [path = ''] = models;
    const { model } = await importModel(path);
    const written = join(folder, 'again.onnx');
    await writeModel(model, written);
    const again = await importModel(written);
    expect(await encodeModel(again.model)).toEqual(await encodeModel(model));
  });

  it('beyond 2 GiB is refused before its weights are made', async () => {
    await expect(encodeModel(large)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      remedy: expect.any(String),
    });
  });
});
