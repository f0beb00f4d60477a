import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { TesseraError } from '../../protocol/errors.ts';

/** Handwritten digits: grey images of `rows` × `columns` pixels, 0..255, and what each shows, 0..9. */
export interface Digits {
  rows: number;
  columns: number;
  images: readonly Uint8Array[];
  labels: Uint8Array;
}

const imagesMagic = 2051;
const labelsMagic = 2049;
/** Far above any file this program ships; stops a hostile archive from filling the memory. */
const maximumBytes = 64 * 2 ** 20;

/**
 * Reads a pair of gzipped files in the IDX format of the MNIST database (http://yann.lecun.com/exdb/mnist/).
 *
 * @throws TesseraError `INPUT_INVALID` when a file is not of that format.
 */
export async function readDigits(imagesFile: string, labelsFile: string): Promise<Digits> {
  const [images, labels] = await Promise.all([unpack(imagesFile), unpack(labelsFile)]);
  const invalid = (file: string) =>
    new TesseraError('INPUT_INVALID', {
      message: `${file} is not a gzipped IDX file of digits`,
      remedy: 'Reinstall the package: its data folder is damaged.',
    });
  if (images.length < 16 || images.readUInt32BE(0) !== imagesMagic) throw invalid(imagesFile);
  if (labels.length < 8 || labels.readUInt32BE(0) !== labelsMagic) throw invalid(labelsFile);
  const [count, rows, columns] = [images.readUInt32BE(4), images.readUInt32BE(8), images.readUInt32BE(12)];
  const size = rows * columns;
  if (images.length !== 16 + count * size) throw invalid(imagesFile);
  if (labels.length !== 8 + count || labels.readUInt32BE(4) !== count) throw invalid(labelsFile);
  return {
    rows,
    columns,
    images: Array.from({ length: count }, (_, index) =>
      images.subarray(16 + index * size, 16 + (index + 1) * size),
    ),
    labels: labels.subarray(8),
  };
}

async function unpack(file: string): Promise<Buffer> {
  return promisify(gunzip)(await readFile(file), { maxOutputLength: maximumBytes });
}

/** Draws an image for a terminal, two rows of pixels to a line of text. */
export function drawDigit(image: Uint8Array, columns: number): string {
  const rows = Math.floor(image.length / columns);
  const lit = (row: number, column: number) => row < rows && (image[row * columns + column] ?? 0) > 96;
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 2) {
    let line = '';
    for (let column = 0; column < columns; column++) {
      line += [' ', '▄', '▀', '█'][(lit(row, column) ? 2 : 0) + (lit(row + 1, column) ? 1 : 0)];
    }
    lines.push(line.trimEnd());
  }
  return lines.join('\n');
}
