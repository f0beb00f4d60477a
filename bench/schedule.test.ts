import { describe, expect, it } from 'vitest';
import { makespan } from './schedule.ts';

describe('makespan', () => {
  it('gives each task to the peer that is free first, the longest tasks first', () => {
    expect(makespan([3, 1, 2], 1)).toBe(6);
    // 5 | 4 1 | 3 2, not 1 4 | 2 5 | 3.
    expect(makespan([1, 2, 3, 4, 5], 3)).toBe(5);
    expect(makespan([2, 2, 2], 2)).toBe(4);
  });

  it('is never below the longest task, however many peers there are', () => {
    expect(makespan([7, 1, 1], 64)).toBe(7);
    expect(makespan([], 4)).toBe(0);
  });

  it('needs a peer', () => {
    expect(() => makespan([1], 0)).toThrow(RangeError);
  });
});
