import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MemoryGate } from './memory-gate.ts';

const MiB = 2 ** 20;

/** Runs jobs of these sizes and gives the most that was let in at one time. */
async function mostAtOnce(
  budget: number,
  sizes: readonly number[],
): Promise<{ bytes: number; jobs: number }> {
  const gate = new MemoryGate(budget);
  let [bytes, jobs, mostBytes, mostJobs] = [0, 0, 0, 0];
  await Promise.all(
    sizes.map((size) =>
      gate.run(size, async () => {
        bytes += size;
        jobs++;
        mostBytes = Math.max(mostBytes, bytes);
        mostJobs = Math.max(mostJobs, jobs);
        await sleep(2);
        bytes -= size;
        jobs--;
      }),
    ),
  );
  return { bytes: mostBytes, jobs: mostJobs };
}

test('lets in as much as fits and no more', async () => {
  expect(
    await mostAtOnce(
      100 * MiB,
      [40, 40, 40, 40].map((size) => size * MiB),
    ),
  ).toEqual({
    bytes: 80 * MiB,
    jobs: 2,
  });
});

test('lets work that expects more than everything run alone', async () => {
  expect((await mostAtOnce(100 * MiB, [500 * MiB, 10 * MiB, 500 * MiB])).jobs).toBe(1);
});

test('lets the next in after a failure', async () => {
  const gate = new MemoryGate(10 * MiB);
  await expect(gate.run(10 * MiB, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.run(10 * MiB, async () => 'yes')).toBe('yes');
});

test('takes a budget beyond any machine’s memory', async () => {
  expect(await mostAtOnce(Number.MAX_SAFE_INTEGER, [MiB, 2 * MiB])).toEqual({ bytes: 3 * MiB, jobs: 2 });
});
