import { expect, test } from 'vitest';
import { closeness, unfaithful } from './closeness.ts';

const near = (float: number[], proven: number[], shape = [1, float.length]) =>
  unfaithful(closeness(Float64Array.from(float), Float64Array.from(proven), shape));

test('nothing is said of roundings that keep the class', () => {
  expect(near([-6.9, 8.7, 0.8], [-6.7, 8.6, 0.81])).toBeUndefined();
});

test('another class is said, however small the difference, and several largest elements are none', () => {
  expect(near([1, 1.01, 0], [1.01, 1, 0])).toBe('another class than the float model gives');
  expect(near([0.01, 0.02], [0, 0])).toContain('another class');
});

test('only a vector has a class', () => {
  expect(near([1, 1.01, 0, 0], [1.01, 1, 0, 0], [2, 2])).toBeUndefined();
});

test('a difference above a tenth of the largest magnitude is said', () => {
  expect(near([-10, 2], [-9.01, 2])).toBeUndefined();
  expect(near([-10, 2], [-8.9, 2])).toBe('a largest difference of 1.10, where the largest magnitude is 10.0');
  expect(near([-10, 2], [Number.NaN, 2])).toContain('NaN');
});
