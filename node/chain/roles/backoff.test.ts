import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('waits longer after each failure in a row, up to a bound, and not at all after a success', () => {
  const backoff = new Backoff({ first: 1_000, longest: 5_000 });
  expect(backoff.seconds).toBe(0);
  const waits = [1_000, 2_000, 4_000, 5_000, 5_000].map((most) => {
    backoff.failed();
    const { seconds } = backoff;
    // Some of it may have passed on a busy machine.
    return seconds <= most && seconds > most / 2;
  });
  expect(waits).toEqual(Array(5).fill(true));
  backoff.succeeded();
  expect(backoff.seconds).toBe(0);
  backoff.failed();
  expect(backoff.seconds).toBeLessThanOrEqual(1_000);
});
