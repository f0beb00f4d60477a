import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encode, type ImageData } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ElementType } from '../model.ts';
import { type Normalisation, readInputs, readTensorFile, shapeIn } from '../tensor-file.ts';
import { parsePng } from './png.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-png-'));
});
afterAll(() => rm(folder, { recursive: true }));

const path = () => join(folder, 'image.png');

async function read(
  image: ImageData,
  shape: readonly number[],
  { element = 'float32', ...normalisation }: Normalisation & { element?: ElementType } = {},
): Promise<number[]> {
  await writeFile(path(), encode(image));
  const model = { inputs: ['image'], types: new Map([['image', { element, shape }]]) };
  const tensors = await readInputs({ path: path(), ...normalisation }, model);
  return Array.from((tensors.get('image')?.data as Float32Array | undefined) ?? []);
}

const grey: ImageData = { width: 3, height: 2, channels: 1, data: Uint8Array.of(0, 51, 102, 153, 204, 255) };
const greys = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** One red, one green pixel. */
const colours: ImageData = { width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 51, 0, 255, 51) };
const withAlpha = (alpha: number): ImageData => ({
  width: 1,
  height: 2,
  channels: 4,
  data: Uint8Array.of(255, 0, 51, alpha, 0, 255, 51, 255),
});

const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));

describe('a .png image', () => {
  it.each([[[1, 1, 2, 3]], [[1, 2, 3]], [[2, 3]], [[1, 2, 3, 1]], [[2, 3, 1]]])(
    'of greys fits the shape [%s]',
    async (shape) => {
      expect(await read(grey, shape)).toEqual(near(greys));
    },
  );

  it('gives colours channel by channel, or pixel by pixel, as the model’s shape says', async () => {
    expect(await read(colours, [1, 3, 1, 2])).toEqual(near([1, 0, 0, 1, 0.2, 0.2]));
    expect(await read(colours, [1, 1, 2, 3])).toEqual(near([1, 0, 0.2, 0, 1, 0.2]));
  });

  it('of 16 bits gives fractions of full intensity', async () => {
    const data = Uint16Array.of(0, 13107, 65535);
    expect(await read({ width: 3, height: 1, channels: 1, depth: 16, data }, [1, 1, 1, 3])).toEqual(
      near([0, 0.2, 1]),
    );
  });

  it('loses its alpha where that is full and the model takes none', async () => {
    expect(await read(withAlpha(255), [1, 3, 2, 1])).toEqual(near([1, 0, 0, 1, 0.2, 0.2]));
    expect(await read(withAlpha(255), [1, 4, 2, 1])).toEqual(near([1, 0, 0, 1, 0.2, 0.2, 1, 1]));
    expect(await read(withAlpha(0), [1, 4, 2, 1])).toEqual(near([1, 0, 0, 1, 0.2, 0.2, 0, 1]));
    await expect(read(withAlpha(254), [1, 3, 2, 1])).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('is normalised with one mean and std, or with one for each channel', async () => {
    expect(await read(grey, [1, 1, 2, 3], { mean: [0.5], std: [0.5] })).toEqual(
      near(greys.map((v) => 2 * v - 1)),
    );
    const each = { mean: [0.5, 0, 0.2], std: [0.5, 2, 1] };
    expect(await read(colours, [1, 3, 1, 2], each)).toEqual(near([1, -1, 0, 0.5, 0, 0]));
  });

  it.each<[string, ImageData, readonly number[], Normalisation & { element?: ElementType }]>([
    ['another size', grey, [1, 1, 3, 2], {}],
    ['twice its size', grey, [1, 1, 4, 6], {}],
    ['colours', grey, [1, 3, 2, 3], {}],
    ['greys', colours, [1, 1, 1, 2], {}],
    ['two images', grey, [2, 1, 2, 3], {}],
    ['a list', grey, [6], {}],
    ['integers', grey, [1, 1, 2, 3], { element: 'uint8' }],
    ['as many channels as there are means', colours, [1, 3, 1, 2], { mean: [0, 0] }],
    ['no deviation', grey, [1, 1, 2, 3], { std: [0] }],
    ['no number', grey, [1, 1, 2, 3], { mean: [Number.NaN] }],
  ])('is refused by a model that takes %s', async (_, image, shape, options) => {
    await expect(read(image, shape, options)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      details: { tensor: 'image' },
    });
  });

  it('says what its size is, and that nothing is resampled', async () => {
    await expect(read(grey, [1, 1, 28, 28])).rejects.toMatchObject({
      message: 'The image has 3×2 pixels (grey), where input image takes [1,1,28,28]',
      remedy: expect.stringContaining('nothing is resampled'),
    });
  });

  it('is refused by a model of two inputs', async () => {
    await writeFile(path(), encode(grey));
    const type = { element: 'float32' as const, shape: [1, 1, 2, 3] };
    const model = {
      inputs: ['a', 'b'],
      types: new Map([
        ['a', type],
        ['b', type],
      ]),
    };
    await expect(readInputs(path(), model)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('leaves open which shape it stands for', async () => {
    await writeFile(path(), encode(grey));
    expect(shapeIn(await readTensorFile(path()), 'image')).toBeUndefined();
  });
});

function chunk(type: string, data: Uint8Array): Buffer {
  const frame = Buffer.alloc(12 + data.length);
  frame.writeUInt32BE(data.length);
  frame.write(type, 4, 'latin1');
  frame.set(data, 8);
  frame.writeUInt32BE(crc32(frame.subarray(4, -4)), frame.length - 4);
  return frame;
}

interface Fields {
  width?: number;
  height?: number;
  depth?: number;
  colourType?: number;
  interlace?: number;
}

/** A grey image of 8 bits unless the fields say otherwise. */
function header({ width = 2, height = 2, depth = 8, colourType = 0, interlace = 0 }: Fields = {}): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width);
  data.writeUInt32BE(height, 4);
  data.set([depth, colourType, 0, 0, interlace], 8);
  return chunk('IHDR', data);
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
const png = (...chunks: readonly Buffer[]) => Buffer.concat([signature, ...chunks]);
const end = chunk('IEND', new Uint8Array());
/** Two rows, each behind its filter's number. */
const rows = Uint8Array.of(0, 1, 2, 0, 3, 4);
const data = chunk('IDAT', deflateSync(rows));

describe('parsePng', () => {
  it('reads what the tests below take apart', () => {
    expect(Array.from(parsePng('image.png', png(header(), data, end)).samples)).toEqual([1, 2, 3, 4]);
  });

  it('leaves out what says nothing of samples, be it a bomb', () => {
    const profile = deflateSync(new Uint8Array(2 ** 26));
    const bomb = chunk('iCCP', Buffer.concat([Buffer.from('profile\0\0'), profile]));
    const before = process.memoryUsage().arrayBuffers;
    const { samples } = parsePng(
      'image.png',
      png(header(), bomb, chunk('tEXt', Buffer.from('junk')), data, end),
    );
    expect(Array.from(samples)).toEqual([1, 2, 3, 4]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
  });

  const bomb = chunk('IDAT', deflateSync(new Uint8Array(2 ** 24)));
  const flipped = Buffer.from(data);
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  it.each<[string, Buffer]>([
    ['an empty file', Buffer.alloc(0)],
    ['junk', Buffer.from('not an image at all')],
    ['nothing but a signature', png()],
    ['no header', png(data, end)],
    ['two headers', png(header(), header(), data, end)],
    ['a short header', png(chunk('IHDR', new Uint8Array(5)), data, end)],
    ['no data', png(header(), end)],
    ['no end', png(header(), data)],
    [
      'a chunk that runs past the end',
      png(header(), Buffer.from('7fffffff49444154', 'hex'), Buffer.alloc(20)),
    ],
    ['data of fewer rows', png(header({ height: 3 }), data, end)],
    ['data of more rows', png(header({ height: 1 }), data, end)],
    ['data that unpack to a thousand times the picture', png(header(), bomb, end)],
    [
      'chunks without number',
      png(header(), ...Array.from({ length: 65_536 }, () => chunk('IDAT', new Uint8Array())), data, end),
    ],
    ['a wrong checksum', png(header(), flipped, end)],
    ['an unknown filter', png(header(), chunk('IDAT', deflateSync(Uint8Array.of(9, 1, 2, 0, 3, 4))), end)],
    ['no pixels', png(header({ width: 0, height: 0 }), chunk('IDAT', deflateSync(new Uint8Array())), end)],
    ['more pixels than any model takes', png(header({ width: 2 ** 31, height: 2 ** 31 }), data, end)],
    ['a palette', png(header({ colourType: 3 }), data, end)],
    ['an unknown colour type', png(header({ colourType: 7 }), data, end)],
    ['4 bits a sample', png(header({ depth: 4 }), data, end)],
    ['interlaced rows', png(header({ interlace: 1 }), data, end)],
    ['a transparent colour', png(header(), chunk('tRNS', Uint8Array.of(0, 1)), data, end)],
  ])('refuses %s', (_, content) => {
    expect(() => parsePng('image.png', content)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });
});
