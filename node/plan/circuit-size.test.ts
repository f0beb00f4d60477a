import { expect, test } from 'vitest';
import { chooseSize } from './circuit-size.ts';

test('small circuits get the smallest size that holds the range tables', () => {
  expect(chooseSize([10])).toBe(12);
  expect(chooseSize([])).toBe(12);
});

test('the largest segment decides for all', () => {
  expect(chooseSize([2_840, 36_408])).toBe(13);
  expect(chooseSize([194_000, 1_000])).toBe(15);
});

test('beyond the largest size, columns grow instead', () => {
  expect(chooseSize([2 ** 30])).toBe(17);
});
