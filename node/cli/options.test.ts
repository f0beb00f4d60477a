import { expect, test } from 'vitest';
import { count, difference, memory, numbers, seed, shape, tensorSource } from './options.ts';

test('memory in decimal and binary units', () => {
  expect([memory('2GiB'), memory('512 MB'), memory('1.5KiB')]).toEqual([2 ** 31, 512e6, 1536]);
});

test.each(['2', '2gib', '2Gb', '-2GiB', 'GiB', '0GiB', '2GiB more', '1e3GiB'])('no memory: %s', (text) => {
  expect(() => memory(text)).toThrow('unit');
});

test('shapes collect by name; a name may hold an equals sign', () => {
  expect(shape('b=c=4', shape('image=1,3,48,48'))).toEqual({ image: [1, 3, 48, 48], 'b=c': [4] });
});

test.each([
  'image',
  '=1',
  'image=',
  'image=1,,2',
  'image=0',
  'image=-1',
  'image=1.5',
  'image=9007199254740993',
])('no shape: %s', (text) => expect(() => shape(text)).toThrow('sizes'));

test('one shape a name', () => {
  expect(() => shape('image=2', { image: [1] })).toThrow('twice');
});

test('whole numbers in their ranges', () => {
  expect([count('1'), seed('0'), seed('4294967295')]).toEqual([1, 0, 4294967295]);
  expect(() => count('0')).toThrow();
  expect(() => seed('4294967296')).toThrow();
  expect(() => seed('')).toThrow();
});

test('distances from 0 on', () => {
  expect([difference('0'), difference('0.05'), difference('1e-3')]).toEqual([0, 0.05, 0.001]);
});

test.each(['', ' ', '-0.1', 'NaN', 'Infinity', '1e999', '5%'])('no distance: %s', (text) => {
  expect(() => difference(text)).toThrow('from 0 on');
});

test('numbers with commas between', () => {
  expect(numbers('0.485,-1, 2e-3')).toEqual([0.485, -1, 0.002]);
});

test.each(['', '1,,2', '1;2', 'x', '1e999'])('no numbers: %s', (text) => {
  expect(() => numbers(text)).toThrow('commas');
});

test('a file of tensors says how to read an image only where a flag does', () => {
  expect(tensorSource('x.png', {})).toBe('x.png');
  expect(tensorSource('x.png', { std: [2] })).toEqual({ path: 'x.png', std: [2] });
});

test('flags of an image need one', () => {
  expect(tensorSource(undefined, {})).toBeUndefined();
  expect(() => tensorSource(undefined, { mean: [0.5] })).toThrow('none is given');
});
