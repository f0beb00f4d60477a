import { describe, expect, it } from 'vitest';
import { KeyedTasks } from './keyed-tasks.ts';

const unexpected = (error: unknown) => {
  throw error;
};

describe('tasks by key', () => {
  it('run one at a time for each key, and once more for all that was asked meanwhile', async () => {
    const tasks = new KeyedTasks(8, unexpected);
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    let runs = 0;
    const task = async () => {
      most = Math.max(most, ++running);
      runs += 1;
      begun.resolve();
      await gate.promise;
      running -= 1;
    };
    tasks.run('a', task);
    await begun.promise;
    for (let i = 0; i < 5; i++) tasks.run('a', task);
    gate.resolve();
    await tasks.ended();
    expect({ most, runs }).toEqual({ most: 1, runs: 2 });
    tasks.run('a', task);
    await tasks.ended();
    expect(runs).toBe(3);
  });

  it('run again only behind all that waits, and do what was asked last', async () => {
    const tasks = new KeyedTasks(1, unexpected);
    const gate = Promise.withResolvers<void>();
    const ran: string[] = [];
    const note = (name: string) => async () => {
      ran.push(name);
    };
    tasks.run('a', async () => {
      ran.push('a');
      await gate.promise;
    });
    for (const key of ['b', 'c']) tasks.run(key, note(key));
    await expect.poll(() => ran).toEqual(['a']);
    for (const name of ['a, then', 'a, at last']) tasks.run('a', note(name));
    tasks.run('b', note('b, at last'));
    gate.resolve();
    await tasks.ended();
    expect(ran).toEqual(['a', 'b, at last', 'c', 'a, at last']);
  });

  it('run no more at a time than they may, and a failure ends only its own', async () => {
    const failed: string[] = [];
    const tasks = new KeyedTasks(2, (_, key) => failed.push(key));
    let running = 0;
    let most = 0;
    const done: string[] = [];
    for (const key of ['a', 'b', 'c', 'd']) {
      tasks.run(key, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        if (key === 'b') throw new Error('it fails');
        done.push(key);
      });
    }
    await tasks.ended();
    expect(most).toBe(2);
    expect(done).toEqual(['a', 'c', 'd']);
    expect(failed).toEqual(['b']);
  });
});
