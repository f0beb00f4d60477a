import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from './together.ts';

test('gives all results in order', async () => {
  expect(await together(() => [sleep(2, 'a'), Promise.resolve('b')])).toEqual(['a', 'b']);
});

test('stops the rest at the first failure and waits for its end', async () => {
  let ended = false;
  const stubborn = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await sleep(5);
    ended = true;
  };
  const work = together((signal) => [stubborn(signal), Promise.reject(new Error('first'))]);
  await expect(work).rejects.toThrow('first');
  expect(ended).toBe(true);
});

test("is stopped by the caller's signal", async () => {
  const caller = new AbortController();
  const work = together(
    (signal) => [new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))],
    caller.signal,
  );
  caller.abort(new Error('enough'));
  await expect(work).rejects.toThrow('enough');
});
