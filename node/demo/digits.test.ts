import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { drawDigit, readDigits } from './digits.ts';

const file = (name: string) => fileURLToPath(new URL(`../../data/mnist/${name}`, import.meta.url));
const images = file('test-images-idx3-ubyte.gz');
const labels = file('test-labels-idx1-ubyte.gz');

test('reads the test digits with their labels', async () => {
  const digits = await readDigits(images, labels);
  expect([digits.rows, digits.columns, digits.images.length]).toEqual([28, 28, 1000]);
  expect(digits.labels.every((label) => label <= 9)).toBe(true);
  expect(new Set(digits.labels).size).toBe(10);
});

test('refuses files of another kind', async () => {
  await expect(readDigits(labels, labels)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(readDigits(images, images)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('draws two rows of pixels to a line', () => {
  expect(drawDigit(Uint8Array.of(255, 0, 255, 255, 0, 0, 0, 0), 2)).toBe('█▄\n');
});
