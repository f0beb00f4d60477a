import { beforeEach, describe, expect, it } from 'vitest';
import { RequesterTurns } from './requester-turns.ts';

const [ann, ben, cid] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32)) as [string, string, string];
let now: number;
let turns: RequesterTurns;
beforeEach(() => {
  now = 0;
  turns = new RequesterTurns(() => now);
});

describe('requesters of one worker', () => {
  it('have all of its places while nobody else waits', () => {
    expect(turns.shareOf(ann, 5, [ann, ben])).toBe(5);
    turns.turnAway(ann);
    expect(turns.shareOf(ann, 5, [ann])).toBe(5);
  });

  it('share the places with those that wait and those that are served, and have one at least', () => {
    turns.turnAway(ben);
    expect(turns.shareOf(ann, 5, [ann])).toBe(2);
    expect(turns.shareOf(ann, 5, [cid])).toBe(1);
    expect(turns.shareOf(ann, 2, [ann, cid])).toBe(1);
  });

  it('have all again when who waited was served, or does not come back', () => {
    turns.turnAway(ben);
    turns.admit(ben);
    expect(turns.shareOf(ann, 5, [])).toBe(5);
    turns.turnAway(ben);
    now = 10_000;
    expect(turns.shareOf(ann, 5, [])).toBe(5);
  });

  it('each get on, however many others ask without end', () => {
    const served: string[] = [];
    const had = new Map<string, number>();
    const requesters = [ann, ben, cid];
    for (let round = 0; round < 60; round++) {
      now += 100;
      // Who was served last hears first that a place is free, and all want it.
      const order = [...requesters].sort((one, other) => served.lastIndexOf(other) - served.lastIndexOf(one));
      let free = 1;
      for (const requester of order) {
        const own = served.slice(-2).filter((one) => one === requester).length;
        if (free > 0 && own < turns.shareOf(requester, 3, served.slice(-2))) {
          turns.admit(requester);
          served.push(requester);
          had.set(requester, (had.get(requester) ?? 0) + 1);
          free -= 1;
        } else turns.turnAway(requester);
      }
    }
    expect(Math.min(...requesters.map((requester) => had.get(requester) ?? 0))).toBeGreaterThanOrEqual(15);
  });

  it('are remembered as far as there is room', () => {
    turns.turnAway(ben);
    for (let index = 0; index < 1_024; index++) turns.turnAway(`${index}`);
    for (let index = 0; index < 1_024; index++) turns.admit(`${index}`);
    expect(turns.shareOf(ann, 5, [])).toBe(5);
  });
});

describe('a requester whose assignments come to nothing', () => {
  beforeEach(() => turns.judge(ann, 'wasted'));

  it('has no place while anybody else may still want one, however seldom that one asks', () => {
    expect(turns.shareOf(ann, 5, [])).toBe(5);
    turns.turnAway(ben);
    expect(turns.shareOf(ann, 5, [])).toBe(0);
    now = 60_000;
    expect(turns.shareOf(ann, 5, [])).toBe(0);
    now = 90_000;
    expect(turns.shareOf(ann, 5, [])).toBe(5);
  });

  it('is not waited for, but by its like', () => {
    turns.turnAway(ann);
    expect(turns.shareOf(ben, 5, [])).toBe(5);
    turns.judge(ben, 'wasted');
    expect(turns.shareOf(ben, 5, [])).toBe(2);
  });

  it('is as good as any again by what is proven of it', () => {
    turns.judge(ann, 'proven');
    turns.turnAway(ben);
    expect(turns.shareOf(ann, 5, [])).toBe(2);
  });

  it('is forgotten as such once many others were heard of', () => {
    for (let index = 0; index < 1_024; index++) turns.judge(`${index}`, 'wasted');
    turns.turnAway(ben);
    expect(turns.shareOf(ann, 5, [])).toBe(2);
  });
});
