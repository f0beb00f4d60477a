import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElementType, Model, TensorType } from './model.ts';
import { readInputs } from './tensor-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-inputs-'));
});
afterAll(() => rm(folder, { recursive: true }));

function taking(types: Record<string, TensorType>): Model {
  return {
    name: 'inputs',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    inputs: Object.keys(types),
    outputs: [],
    nodes: [],
    constants: new Map(),
    types: new Map(Object.entries(types)),
  };
}

const one = (element: ElementType, shape: number[]) => taking({ x: { element, shape } });

async function read(content: string | Uint8Array, model: Model, name = 'input.json') {
  const path = join(folder, name);
  await writeFile(path, content);
  return readInputs(path, model);
}

/** A `.npy` file as NumPy's format description lays it out, version 1.0. */
function npy(descr: string, shape: string, data: ArrayBuffer, fortran = 'False'): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const header = `${text}${' '.repeat(64 - ((10 + text.length + 1) % 64))}\n`;
  const length = Uint8Array.of(header.length & 255, header.length >> 8);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header),
    Buffer.from(data),
  ]);
}

describe('readInputs', () => {
  it('reads nested and flat JSON alike', async () => {
    for (const text of ['{"x": [[1, 2.5], [-3, 4]]}', '{"x": [1, 2.5, -3, 4]}']) {
      const tensor = (await read(text, one('float32', [2, 2]))).get('x') as Tensor;
      expect(tensor.dims).toEqual([2, 2]);
      expect([...(tensor.data as Float32Array)]).toEqual([1, 2.5, -3, 4]);
    }
  });

  it('reads one tensor of NumPy', async () => {
    const file = npy('<f4', '(1, 3)', Float32Array.of(1, -2, 0.5).buffer);
    const tensor = (await read(file, one('float32', [1, 3]), 'input.npy')).get('x') as Tensor;
    expect([...(tensor.data as Float32Array)]).toEqual([1, -2, 0.5]);
  });

  it.each<[string, string, Model]>([
    ['no JSON', '{"x": [1', one('float32', [1])],
    ['a list instead of an object', '[1]', one('float32', [1])],
    ['a missing input', '{}', one('float32', [1])],
    ['an inherited name', '{}', taking({ toString: { element: 'float32' as const, shape: [1] } })],
    ['an unknown input', '{"x": [1], "z": [1]}', one('float32', [1])],
    ['a wrong shape', '{"x": [[1, 2, 3]]}', one('float32', [3, 1])],
    ['too few values', '{"x": [1, 2]}', one('float32', [3])],
    ['rows of different lengths', '{"x": [[1, 2], [3]]}', one('float32', [2, 2])],
    ['text', '{"x": ["1"]}', one('float32', [1])],
    ['null, which is how JSON writes NaN', '{"x": [null]}', one('float32', [1])],
    ['a fraction in an integer', '{"x": [1.5]}', one('int64', [1])],
    ['an integer out of range', '{"x": [256]}', one('uint8', [1])],
    ['an integer that a double cannot hold', '{"x": [9007199254740993]}', one('int64', [1])],
  ])('refuses %s', async (_what, text, model) => {
    await expect(read(text, model)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('names the tensor, what was expected and what was found', async () => {
    await expect(read('{"x": [[1, 2, 3]]}', one('float32', [3, 1]))).rejects.toMatchObject({
      details: { tensor: 'x', expected: [3, 1], got: [1, 3] },
    });
  });

  it.each<[string, Uint8Array]>([
    ['junk', Buffer.from('not an array')],
    ['an empty file', new Uint8Array()],
    ['Fortran order', npy('<f4', '(1, 3)', new ArrayBuffer(12), 'True')],
    ['another shape', npy('<f4', '(3, 1)', new ArrayBuffer(12))],
    ['data that end early', npy('<f4', '(1, 3)', new ArrayBuffer(8))],
  ])('refuses a .npy file of %s', async (_what, bytes) => {
    await expect(read(bytes, one('float32', [1, 3]), 'input.npy')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('refuses a .npy file for a model of two inputs', async () => {
    const type: TensorType = { element: 'float32', shape: [1] };
    const file = npy('<f4', '(1,)', new ArrayBuffer(4));
    await expect(read(file, taking({ a: type, b: type }), 'input.npy')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('says when there is no such file', async () => {
    await expect(readInputs(join(folder, 'none.json'), one('float32', [1]))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });
});
