import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { readDigits } from '../../node/demo/digits.ts';
import { packageRoot } from '../../node/package.ts';

/**
 * Writes a test digit as a grey PNG image, as people have them.
 *
 * @returns what it shows, 0 … 9
 */
export async function writeDigitImage(path: string, index: number): Promise<number> {
  const data = (name: string) => join(packageRoot, 'data', 'mnist', name);
  const digits = await readDigits(data('test-images-idx3-ubyte.gz'), data('test-labels-idx1-ubyte.gz'));
  const [image, label] = [digits.images[index], digits.labels[index]];
  if (image === undefined || label === undefined) throw new Error(`There is no digit ${index}.`);
  await writeFile(path, encode({ width: digits.columns, height: digits.rows, channels: 1, data: image }));
  return label;
}
