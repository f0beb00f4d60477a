import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importModel } from '../import/import-model.ts';
import { runModel } from '../test-models/run-model.ts';
import { modelType } from './schema.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-functions-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const opset = { domain: '', version: 13 };
const leaky = {
  name: 'Leaky',
  domain: 'own',
  input: ['a'],
  output: ['b'],
  opsetImport: [opset],
  node: [
    {
      opType: 'LeakyRelu',
      input: ['a'],
      output: ['t'],
      attribute: [{ name: 'alpha', type: 1, refAttrName: 'slope' }],
    },
    { opType: 'Neg', input: ['t'], output: ['b'] },
  ],
};

function write(functions: unknown[], call: object): string {
  const dim = [{ dimValue: 2 }, { dimValue: 3 }];
  const message = modelType.fromObject({
    irVersion: 8,
    opsetImport: [opset, { domain: 'own', version: 1 }],
    functions,
    graph: {
      name: 'test',
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
      output: [{ name: 'y' }],
      node: [{ domain: 'own', input: ['x'], ...call }],
    },
  });
  const path = join(folder, 'functions.onnx');
  writeFileSync(path, modelType.encode(message).finish());
  return path;
}

describe('functions', () => {
  it('are written out, with the attributes of the call', async () => {
    const slope = { name: 'slope', type: 1, f: 0.5 };
    const { model } = await importModel(
      write([leaky], { opType: 'Leaky', output: ['y'], attribute: [slope] }),
    );
    expect(model.nodes.map(({ operator }) => operator)).toEqual(['LeakyRelu', 'Neg']);
    const plain = { ...model, nodes: [], outputs: ['x'] };
    const [x = new Float32Array(0)] = (await runModel(plain, 5)).values();
    const [y] = (await runModel(model, 5)).values();
    expect(y).toEqual(x.map((value) => -(value < 0 ? value * 0.5 : value)));
  });

  it('that call themselves are refused', async () => {
    const endless = {
      ...leaky,
      name: 'Endless',
      node: [{ opType: 'Endless', domain: 'own', input: ['a'], output: ['b'] }],
    };
    await expect(importModel(write([endless], { opType: 'Endless', output: ['y'] }))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/deep/),
    });
  });

  it('that double at every level are refused', async () => {
    const doubling = Array.from({ length: 24 }, (_, i) => ({
      ...leaky,
      name: `F${i}`,
      node: ['b', 'c'].map((output) => ({
        opType: `F${i + 1}`,
        domain: 'own',
        input: ['a'],
        output: [output],
      })),
    }));
    await expect(importModel(write(doubling, { opType: 'F0', output: ['y'] }))).rejects.toThrow(/nodes/);
  });
});
