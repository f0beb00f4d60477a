import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InputTypes, readInputs, readTensorFile, shapeIn } from '../tensor-file.ts';
import { parseNpz } from './npz.ts';
import { npy } from './testing-npy.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-npz-'));
});
afterAll(() => rm(folder, { recursive: true }));

const pair = npy('<f4', '(1, 2)', Float32Array.of(0.5, -2).buffer);
const bytes = npy('|u1', '(3,)', Uint8Array.of(0, 7, 255).buffer);
const zip = (entries: Zippable) => Buffer.from(zipSync(entries));

const taking = (shapes: Readonly<Record<string, readonly number[]>>): InputTypes => ({
  inputs: Object.keys(shapes),
  types: new Map(Object.entries(shapes).map(([name, shape]) => [name, { element: 'float32', shape }])),
});

async function written(content: Uint8Array): Promise<string> {
  const path = join(folder, 'inputs.npz');
  await writeFile(path, content);
  return path;
}

async function read(content: Uint8Array, model: InputTypes): Promise<Record<string, number[]>> {
  const tensors = await readInputs(await written(content), model);
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, [...(tensor.data as Float32Array)]]));
}

describe('a .npz file', () => {
  it.each([
    ['stored', 0],
    ['deflated', 9],
  ] as const)('gives its arrays by name, %s', async (_, level) => {
    const file = zip({ 'x.npy': [pair, { level }], 'a/y.npy': [bytes, { level }] });
    expect(await read(file, taking({ x: [1, 2], 'a/y': [3] }))).toEqual({ x: [0.5, -2], 'a/y': [0, 7, 255] });
  });

  it('with one array that was given no name stands for the only input', async () => {
    const file = zip({ 'arr_0.npy': pair });
    expect(await read(file, taking({ image: [1, 2] }))).toEqual({ image: [0.5, -2] });
    expect(shapeIn(await readTensorFile(await written(file)), 'image')).toEqual([1, 2]);
  });

  it('says the shapes of its arrays', async () => {
    const file = await readTensorFile(await written(zip({ 'x.npy': pair, 'y.npy': bytes })));
    expect(['x', 'y', 'z'].map((name) => shapeIn(file, name))).toEqual([[1, 2], [3], undefined]);
  });

  it.each<[string, InputTypes]>([
    ['another shape', taking({ x: [2, 1] })],
    ['another name', taking({ y: [1, 2] })],
    ['one input more', taking({ x: [1, 2], y: [1] })],
  ])('is refused by a model of %s', async (_, model) => {
    await expect(read(zip({ 'x.npy': pair }), model)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('of floats is refused where the model takes integers', async () => {
    const model: InputTypes = { inputs: ['x'], types: new Map([['x', { element: 'int64', shape: [1, 2] }]]) };
    await expect(read(zip({ 'x.npy': pair }), model)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      details: { tensor: 'x', got: 'f4' },
    });
  });
});

const maximum = 4096;
const parse = (content: Buffer) => parseNpz('inputs.npz', content, maximum);

/** The archive with one field changed, in its directory at the end or where the entry begins. */
function changed(archive: Buffer, signature: number, offset: number, value: number): Buffer {
  const copy = Buffer.from(archive);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(signature);
  const at = copy.lastIndexOf(head);
  expect(at).toBeGreaterThanOrEqual(0);
  copy.writeUInt32LE(value, at + offset);
  return copy;
}

/** APPNOTE.TXT of the ZIP format, §4.3.12: where a directory entry has its checksum and sizes. */
const directory = { signature: 0x02014b50, crc: 16, compressedSize: 20, size: 24 } as const;

describe('parseNpz refuses', () => {
  const zeros = npy('|u1', '(3000,)', new ArrayBuffer(3000));
  const deflated = zip({ 'x.npy': [zeros, { level: 9 }] });

  it.each<[string, Buffer, string]>([
    ['junk', Buffer.from('PK, but nothing more'), 'not a whole .npz'],
    ['an empty file', Buffer.alloc(0), 'not a whole .npz'],
    ['an archive cut short', deflated.subarray(0, -30), 'not a whole .npz'],
    ['a file that is no array', zip({ 'readme.txt': bytes }), 'readme.txt'],
    ['a directory', zip({ 'folder/': new Uint8Array() }), 'folder/'],
    ['an array that is none', zip({ 'x.npy': Buffer.from('junk') }), 'x is not a NumPy array'],
    [
      'objects, which are Python’s pickles',
      zip({ 'x.npy': npy('|O', '(1,)', new ArrayBuffer(8)) }),
      'x is not',
    ],
    ['arrays that say they are too large', zip({ 'x.npy': zeros, 'y.npy': zeros }), 'more than 4096 bytes'],
    [
      'an array that is larger than it says',
      changed(deflated, directory.signature, directory.size, 1000),
      'not a whole .npz',
    ],
    [
      'an array that is smaller than it says',
      changed(deflated, directory.signature, directory.size, 4000),
      'not a whole .npz',
    ],
    [
      'a size that no file has',
      changed(deflated, directory.signature, directory.size, 2 ** 32 - 2),
      '4096 bytes',
    ],
    ['a wrong checksum', changed(deflated, directory.signature, directory.crc, 1), 'checksum'],
    [
      'more arrays than a model has inputs',
      zip(
        Object.fromEntries(
          Array.from({ length: 1025 }, (_, i) => [`${i}.npy`, npy('|u1', '()', new ArrayBuffer(1))]),
        ),
      ),
      '',
    ],
  ])('%s', async (_, content, message) => {
    await expect(parse(content)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('two arrays of one name', async () => {
    const both = zip({ 'x.npy': bytes, 'y.npy': bytes });
    const twice = Buffer.from(both.toString('latin1').replaceAll('y.npy', 'x.npy'), 'latin1');
    await expect(parse(twice)).rejects.toMatchObject({ message: expect.stringContaining('two arrays "x"') });
  });
});
