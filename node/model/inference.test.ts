import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { infer, inferFile } from './inference.ts';
import { writeModel } from './onnx/index.ts';
import { randomInputs } from './random-inputs.ts';

const model = branchingModel();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-inference-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('infer and inferFile', () => {
  it('compute the same', async () => {
    const path = join(folder, 'model.onnx');
    await writeModel(model, path);
    const inputs = randomInputs(model, 1);
    const outputs = await infer(model, inputs);
    expect([...outputs.keys()]).toEqual(['scores']);
    expect((await inferFile(path, inputs)).get('scores')?.data).toEqual(outputs.get('scores')?.data);
  });

  it('ignore tensors that are not inputs', async () => {
    const inputs = new Map([...randomInputs(model, 1), ['other', new Tensor('float32', Float32Array.of(1))]]);
    expect((await infer(model, inputs)).size).toBe(1);
  });

  it('name a missing input', async () => {
    await expect(infer(model, new Map())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('image'),
    });
  });

  it('refuse an input of another shape', async () => {
    const image = new Tensor('float32', new Float32Array(4), [1, 1, 2, 2]);
    await expect(infer(model, new Map([['image', image]]))).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('say when the runtime does not know an operator', async () => {
    const nodes = model.nodes.map((node) => ({
      ...node,
      operator: node.operator.replace('Relu', 'Nonsense'),
    }));
    await expect(infer({ ...model, nodes }, randomInputs(model, 1))).rejects.toMatchObject({
      code: 'MODEL_UNREADABLE',
      message: expect.stringContaining('Nonsense'),
    });
  });

  it('say when the file is no model', async () => {
    const path = join(folder, 'junk.onnx');
    await writeFile(path, 'junk');
    await expect(inferFile(path, new Map())).rejects.toMatchObject({ code: 'MODEL_UNREADABLE' });
  });

  it('do not start once they are cancelled', async () => {
    await expect(infer(model, randomInputs(model, 1), AbortSignal.abort())).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(inferFile('none.onnx', new Map(), AbortSignal.abort())).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
