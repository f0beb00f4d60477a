import { expect, test } from 'vitest';
import { WorkPlaces } from './work-places.ts';

const { signal } = new AbortController();

/** Work that goes on until it is told to end. */
function work() {
  const end = Promise.withResolvers<void>();
  let begun = false;
  return {
    run: () => {
      begun = true;
      return end.promise;
    },
    end: () => end.resolve(),
    get begun() {
      return begun;
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each([
  ['places', { parallel: 1, memory: 2 ** 40 }],
  ['memory', { parallel: 8, memory: 150 * 2 ** 20 }],
])('as much is begun as there are %s', async (_, limits) => {
  const places = new WorkPlaces(limits);
  const [first, second] = [work(), work()];
  const running = [first, second].map(({ run }) => places.run(100 * 2 ** 20, signal, run));
  await turn();
  expect([first.begun, second.begun]).toEqual([true, false]);
  first.end();
  await running[0];
  await turn();
  expect(second.begun).toBe(true);
  second.end();
  await running[1];
});

test('who is cancelled while waiting waits no longer, and takes nobody’s place', async () => {
  const places = new WorkPlaces({ parallel: 1, memory: 2 ** 40 });
  const [first, second, third] = [work(), work(), work()];
  const cancel = new AbortController();
  const running = places.run(1, signal, first.run);
  const waiting = places.run(1, cancel.signal, second.run);
  const last = places.run(1, signal, third.run);
  cancel.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  first.end();
  third.end();
  await Promise.all([running, last]);
  expect(second.begun).toBe(false);
});
