import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

const KiB = 1024;

it('gives bytes in the order in which they came, in whatever lengths', () => {
  const queue = new ByteQueue();
  const content = randomBytes(3_000 * KiB + 17);
  const taken: Uint8Array[] = [];
  const take = (bytes: number) => {
    const target = new Uint8Array(bytes);
    taken.push(target.subarray(0, queue.take(target)));
  };
  const [puts, takes] = [
    [1, 700 * KiB, 0, 256 * KiB, 3, 65_519],
    [36, 512 * KiB, 0, 100_001],
  ];
  for (let from = 0, turn = 0; from < content.length; turn++) {
    const bytes = puts[turn % puts.length] as number;
    queue.append(content.subarray(from, from + bytes));
    from += bytes;
    take(takes[turn % takes.length] as number);
  }
  while (queue.length > 0) take(256 * KiB);
  expect(Buffer.concat(taken).equals(content)).toBe(true);
});

it('keeps what it was given when the giver’s memory changes', () => {
  const queue = new ByteQueue();
  const given = Uint8Array.of(1, 2, 3);
  queue.append(given);
  given.fill(0);
  const target = new Uint8Array(4);
  expect(queue.take(target)).toBe(3);
  expect([...target]).toEqual([1, 2, 3, 0]);
  expect(queue.take(target)).toBe(0);
});
