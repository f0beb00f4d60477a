import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElementType, Model, TensorType } from './model.ts';
import { npy } from './tensor-file/testing-npy.ts';
import { readInputs, readTensorFile, shapeIn } from './tensor-file.ts';
import { takingInputs } from './test-models/small-models.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-inputs-'));
});
afterAll(() => rm(folder, { recursive: true }));

const one = (element: ElementType, shape: number[]) => takingInputs({ x: { element, shape } });

async function read(content: string | Uint8Array, model: Model, name = 'input.json') {
  const path = join(folder, name);
  await writeFile(path, content);
  return readInputs(path, model);
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
    ['an inherited name', '{}', takingInputs({ toString: { element: 'float32' as const, shape: [1] } })],
    ['an unknown input', '{"x": [1], "z": [1]}', one('float32', [1])],
    ['a wrong shape', '{"x": [[1, 2, 3]]}', one('float32', [3, 1])],
    ['too few values', '{"x": [1, 2]}', one('float32', [3])],
    ['rows of different lengths', '{"x": [[1, 2], [3]]}', one('float32', [2, 2])],
    ['text', '{"x": ["1"]}', one('float32', [1])],
    ['null, which is how JSON writes NaN', '{"x": [null]}', one('float32', [1])],
    ['a fraction in an integer', '{"x": [1.5]}', one('int64', [1])],
    ['an integer out of range', '{"x": [256]}', one('uint8', [1])],
    ['an integer beyond 64 bits', '{"x": [9223372036854775808]}', one('int64', [1])],
    ['an integer of a million digits', `{"x": [${'9'.repeat(1e6)}]}`, one('int64', [1])],
    ['a 64-bit integer as a power of ten', '{"x": [1e18]}', one('int64', [1])],
    ['a number beyond float32', '{"x": [0, 3.5e38]}', one('float32', [2])],
    ['a number beyond float64', '{"x": [-1e309]}', one('float64', [1])],
    ['lists nested without end', '['.repeat(1e6), one('float32', [1])],
  ])('refuses %s', async (_what, text, model) => {
    await expect(read(text, model)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('names the tensor, what was expected and what was found', async () => {
    await expect(read('{"x": [[1, 2, 3]]}', one('float32', [3, 1]))).rejects.toMatchObject({
      details: { tensor: 'x', expected: [3, 1], got: [1, 3] },
    });
  });

  it('reads 64-bit integers exactly', async () => {
    const text = '{"x": [9007199254740993, -9223372036854775808, 9223372036854775807, 3]}';
    const tensor = (await read(text, one('int64', [4]))).get('x') as Tensor;
    expect([...(tensor.data as BigInt64Array)]).toEqual([
      9007199254740993n,
      -(2n ** 63n),
      2n ** 63n - 1n,
      3n,
    ]);
  });

  it('names the tensor and the value that float32 cannot hold', async () => {
    await expect(read('{"x": [0, 3.5e38]}', one('float32', [2]))).rejects.toMatchObject({
      message: expect.stringMatching(/x: 3\.5e\+38 .*float32/),
      details: { tensor: 'x' },
    });
  });

  it('keeps NaN and infinities of NumPy', async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const file = npy('<f8', '(3,)', Float64Array.from(values).buffer);
    const tensor = (await read(file, one('float32', [3]), 'input.npy')).get('x') as Tensor;
    expect([...(tensor.data as Float32Array)]).toEqual(values);
  });

  const two = [2n ** 53n + 1n, -1n];
  it.each<[string, ArrayBuffer, ElementType, unknown[]]>([
    ['<f8', Float64Array.of(0.5, -2).buffer, 'float32', [0.5, -2]],
    ['<f2', Uint16Array.of(0x3800, 0xc000).buffer, 'float64', [0.5, -2]],
    ['|u1', Uint8Array.of(0, 255).buffer, 'float32', [0, 255]],
    ['<i4', Int32Array.of(-1, 7).buffer, 'int64', [-1n, 7n]],
    ['<i8', BigInt64Array.from(two).buffer, 'int64', two],
    ['<i8', BigInt64Array.of(-128n, 127n).buffer, 'int8', [-128, 127]],
    ['|b1', Uint8Array.of(1, 0).buffer, 'bool', [1, 0]],
  ])('turns NumPy %s into the element type of the model', async (descr, data, element, expected) => {
    const file = npy(descr, '(2,)', data);
    const tensor = (await read(file, one(element, [2]), 'input.npy')).get('x') as Tensor;
    expect(tensor.type).toBe(element);
    expect(Array.from(tensor.data as ArrayLike<unknown>)).toEqual(expected);
  });

  it.each<[string, string, ArrayBuffer, ElementType]>([
    ['floats for integers', '<f4', Float32Array.of(1, 2).buffer, 'int32'],
    ['floats for truth values', '<f8', Float64Array.of(1, 0).buffer, 'bool'],
    ['integers out of range', '<i4', Int32Array.of(256, 0).buffer, 'uint8'],
    ['negative integers for unsigned ones', '<i8', BigInt64Array.of(-1n, 0n).buffer, 'uint64'],
    ['truth values other than 0 and 1', '|u1', Uint8Array.of(2, 0).buffer, 'bool'],
    ['a float64 beyond float32', '<f8', Float64Array.of(1e39, 0).buffer, 'float32'],
    ['complex numbers', '<c8', Float32Array.of(1, 2).buffer, 'float32'],
    ['text', '<U1', Uint32Array.of(49, 50).buffer, 'float32'],
    ['big-endian numbers', '>f4', Float32Array.of(1, 2).buffer, 'float32'],
  ])('refuses a .npy file of %s', async (_what, descr, data, element) => {
    const file = npy(descr, '(2,)', data);
    await expect(read(file, one(element, [2]), 'input.npy')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
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
    await expect(read(file, takingInputs({ a: type, b: type }), 'input.npy')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('refuses a mean and std where there is no image', async () => {
    const path = join(folder, 'plain.json');
    await writeFile(path, '{"x": [1]}');
    await expect(readInputs({ path, mean: [0.5] }, one('float32', [1]))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('mean and std'),
    });
  });

  it('says when there is no such file', async () => {
    await expect(readInputs(join(folder, 'none.json'), one('float32', [1]))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });
});

describe('shapeIn', () => {
  it('is that of nested arrays, and none for a flat list', async () => {
    await writeFile(join(folder, 'shapes.json'), JSON.stringify({ a: [[1, 2, 3]], b: [1, 2], c: 5 }));
    const file = await readTensorFile(join(folder, 'shapes.json'));
    expect(['a', 'b', 'c', 'd'].map((name) => shapeIn(file, name))).toEqual([
      [1, 3],
      undefined,
      [],
      undefined,
    ]);
  });

  it('is that of a NumPy array for any name', async () => {
    await writeFile(join(folder, 'shape.npy'), npy('<f4', '(2, 3)', new Float32Array(6).buffer));
    expect(shapeIn(await readTensorFile(join(folder, 'shape.npy')), 'image')).toEqual([2, 3]);
  });
});
