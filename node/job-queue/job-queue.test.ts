import { beforeEach, describe, expect, it } from 'vitest';
import type { ProveReport } from '../prove.ts';
import type { Records } from '../store/index.ts';
import { type JobEntry, JobQueue, type JobRunner } from './index.ts';

let kept: Map<string, JobEntry>;
let records: Records<JobEntry>;
/** Jobs that were begun, by where their certificate goes. */
let begun: string[];
let queue: JobQueue;

beforeEach(() => {
  begun = [];
  kept = new Map();
  records = {
    get: async (key) => kept.get(key),
    put: async (key, value) => void kept.set(key, value),
    delete: async (key) => void kept.delete(key),
    async *entries() {
      yield* kept;
    },
  };
  queue = open(untilCancelled);
  return () => queue.stop();
});

const open = (run: JobRunner) =>
  new JobQueue(
    { parallel: 1 },
    {
      records,
      run(order, options) {
        begun.push(order.out);
        return run(order, options);
      },
    },
  );

const untilCancelled: JobRunner = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const submit = (out: string) =>
  queue.submit({ out, request: { model: '/m', input: '/i', strategy: 'auto' } });

describe('a queue of jobs', () => {
  it('ends a job that waits as soon as it is cancelled, and the one before it goes on', async () => {
    const [first, second] = [await submit('first'), await submit('second')];
    await expect.poll(() => begun).toEqual(['first']);
    expect(await queue.cancel(second.id)).toMatchObject({ state: 'cancelled' });
    expect(queue.find(first.id)).toMatchObject({ state: 'running' });
    expect(begun).toEqual(['first']);
    // Its turn that is left does not take a place.
    await queue.cancel(first.id);
    await submit('third');
    await expect.poll(() => begun).toEqual(['first', 'third']);
  });

  it('takes up again after a stop what ran and what waited, but not what was cancelled before', async () => {
    const cancelled = await submit('first');
    await Promise.all(['second', 'third'].map(submit));
    void queue.cancel(cancelled.id);
    await queue.stop();
    expect([...kept.values()].map(({ order, state }) => [order.out, state])).toEqual([
      ['first', 'cancelled'],
      ['second', 'running'],
      ['third', 'running'],
    ]);
    begun = [];
    queue = open(async ({ out }) => ({ certificate: out, outputs: [] }) as unknown as ProveReport);
    await queue.start();
    const { signal } = new AbortController();
    const waiting = queue.list().map(({ id }) => queue.follow(id, () => undefined, signal));
    const reports = await Promise.allSettled(waiting);
    expect(reports.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(begun.sort()).toEqual(['second', 'third']);
  });

  it('begins nothing any more once it is stopped, and keeps what it is given for the next start', async () => {
    await queue.stop();
    const { id } = await submit('late');
    expect(begun).toEqual([]);
    expect(kept.get(id)).toMatchObject({ state: 'running' });
  });
});
