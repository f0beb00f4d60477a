import { expect, it } from 'vitest';
import { closeAll } from './close-all.ts';

it('closes the last first, and the rest when one fails, and then says what failed first', async () => {
  const closed: number[] = [];
  const closers = [1, 2, 3, 4].map((number) => async () => {
    closed.push(number);
    if (number === 2 || number === 3) throw new Error(`${number} fails`);
  });
  await expect(closeAll(closers)).rejects.toThrow('3 fails');
  expect(closed).toEqual([4, 3, 2, 1]);
});
