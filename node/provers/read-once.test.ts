import { expect, test } from 'vitest';
import { readOnce } from './read-once.ts';

test('an artifact is read once, however often it is asked for, and another one by itself', () => {
  const read: Uint8Array[] = [];
  const lengthOf = readOnce((artifact) => read.push(artifact) && artifact.length);
  const [one, other] = [new Uint8Array(1), new Uint8Array(2)];
  expect([one, one, other, one].map(lengthOf)).toEqual([1, 1, 2, 1]);
  expect(read).toEqual([one, other]);
});

test('one that cannot be read is refused each time, and read once', () => {
  let reads = 0;
  const refuse = readOnce(() => {
    reads += 1;
    throw new RangeError('no such artifact');
  });
  const artifact = new Uint8Array(1);
  expect(() => refuse(artifact)).toThrow('no such artifact');
  expect(() => refuse(artifact)).toThrow('no such artifact');
  expect(reads).toBe(1);
});
