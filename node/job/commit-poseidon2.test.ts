import { expect, it } from 'vitest';
import { commit } from '../../protocol/poseidon2/index.ts';
import { commitPoseidon2 } from './commit-poseidon2.ts';

const typeOf = (count: number) => ({
  shape: [count],
  signed: true,
  scale: 7,
  interval: { lo: -(2n ** 39n), hi: 2n ** 39n - 1n },
});
const valuesOf = (count: number) => Array.from({ length: count }, (_, index) => BigInt(index * 37 - 500));

it.each([8, 5_000])('gives the commitment to %i values, blinded or not', async (count) => {
  const [type, values] = [typeOf(count), valuesOf(count)];
  for (const blinding of [undefined, 7n]) {
    expect(await commitPoseidon2(type, values, blinding)).toEqual(commit(type, values, blinding));
  }
});

it('leaves the node to others while it hashes a large tensor', async () => {
  let done = false;
  let turns = 0;
  const turn = () => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  await commitPoseidon2(typeOf(5_000), valuesOf(5_000), undefined);
  done = true;
  // Hashed in this thread, it would be over before the first of them.
  expect(turns).toBeGreaterThan(10);
});

it.each([8, 5_000])('refuses what is not of the type, for %i values', async (count) => {
  const values = valuesOf(count).with(-1, 2n ** 39n);
  await expect(commitPoseidon2(typeOf(count), values, undefined)).rejects.toMatchObject({
    code: 'RANGE_EXCEEDED',
  });
  await expect(commitPoseidon2(typeOf(count), values.slice(1), undefined)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});

it.each([8, 5_000])('computes nothing for who has cancelled, for %i values', async (count) => {
  await expect(
    commitPoseidon2(typeOf(count), valuesOf(count), undefined, AbortSignal.abort()),
  ).rejects.toMatchObject({ code: 'ABORTED' });
});

it('ends the thread that hashes when it is cancelled', async () => {
  const stop = new AbortController();
  // Takes minutes.
  const commitment = commitPoseidon2(typeOf(1_000_000), valuesOf(1_000_000), undefined, stop.signal);
  stop.abort();
  const since = performance.now();
  await expect(commitment).rejects.toMatchObject({ code: 'ABORTED' });
  expect(performance.now() - since).toBeLessThan(30_000);
});
