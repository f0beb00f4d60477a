import { afterEach, describe, expect, it } from 'vitest';
import { JobTurns } from './job-turns.ts';

/** Milliseconds. */
let now = 0;
const turns = new JobTurns(() => now);
/** Places that are free, at the one worker of all jobs. */
let free = 0;
/** Whose segments were given out, in order. */
let given: string[] = [];
const jobs: Job[] = [];

class Job {
  readonly name: string;
  open: number;
  held = 0;

  constructor(name: string, open: number) {
    this.name = name;
    this.open = open;
    jobs.push(this);
    turns.add(this);
  }

  takeTurn(): void {
    for (; free > 0 && this.open > 0; free--) {
      this.open -= 1;
      this.held += 1;
      given.push(this.name);
    }
  }
}

afterEach(() => {
  for (const job of jobs.splice(0)) turns.delete(job);
  [free, given] = [0, []];
});

/** A segment is proven: whoever has the most has one less. */
function end(name: string): void {
  const job = jobs.find((one) => one.name === name) as Job;
  job.held -= 1;
  free += 1;
  turns.poke();
}

/** Turns are taken in a microtask. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('jobs of one requester', () => {
  it('take turns: one that comes later has its share of what becomes free', async () => {
    free = 2;
    new Job('long', 100);
    await turn();
    new Job('late', 3);
    await turn();
    expect(given).toEqual(['long', 'long']);
    given = [];
    for (const name of ['long', 'long', 'late', 'long', 'late', 'long']) {
      end(name);
      await turn();
    }
    expect(given.slice(0, 4)).toEqual(['late', 'long', 'late', 'long']);
    expect(given.filter((name) => name === 'late')).toHaveLength(3);
  });

  it('leave to the others what they have no use for', async () => {
    new Job('done', 0);
    const other = new Job('other', 5);
    free = 3;
    turns.poke();
    await turn();
    expect(other.held).toBe(3);
  });

  it('rest after turns that took long, however often they are poked', async () => {
    const slow = new Job('slow', 5);
    await turn();
    const quick = slow.takeTurn.bind(slow);
    slow.takeTurn = () => {
      now += 5;
      quick();
    };
    free = 1;
    turns.poke();
    await turn();
    expect(slow.held).toBe(1);
    free = 1;
    for (let poke = 0; poke < 10; poke++) {
      turns.poke();
      await turn();
    }
    expect(now).toBe(5);
    await expect.poll(() => slow.held).toBe(2);
    expect(now).toBe(10);
  });

  it('take none when they are over', async () => {
    const over = new Job('over', 5);
    await turn();
    turns.delete(over);
    free = 1;
    turns.poke();
    await turn();
    expect(over.held).toBe(0);
  });
});
