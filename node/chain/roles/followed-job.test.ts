import { describe, expect, it } from 'vitest';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import { FollowedJob } from './followed-job.ts';

const account = (last: number) => `0x${'0'.repeat(38)}0${last}` as const;
const terms = {} as JobTerms;

describe('the segments of a job that is followed', () => {
  it('are looked at when either clock says so, and no more when they are over', () => {
    const job = new FollowedJob(terms);
    job.lookNow(0);
    expect([job.isListed, job.isOver, job.dueAt(9n, account(0))]).toEqual([false, false, []]);
    job.list(3);
    expect(job.dueAt(0n, account(0))).toEqual([0, 1, 2]);
    for (const index of [0, 1, 2]) job.lookIn(index, 1_000_000, 10n);
    expect(job.dueAt(10n, account(0))).toEqual([]);
    expect(job.dueAt(1_000_010n, account(0))).toEqual([0, 1, 2]);
    job.lookIn(1, 0, 10n);
    expect(job.dueAt(9n, account(0))).toEqual([1]);
    job.lookNow(2);
    expect(job.dueAt(9n, account(0))).toEqual([1, 2]);
    for (const index of [0, 1, 2]) job.lookNoMore(index);
    expect([job.isOver, job.dueAt(9n, account(0))]).toEqual([true, []]);
  });

  it('are tried for from another one on by each account', () => {
    const job = new FollowedJob(terms);
    job.list(4);
    expect([5, 6].map((last) => job.dueAt(0n, account(last)))).toEqual([
      [1, 2, 3, 0],
      [2, 3, 0, 1],
    ]);
  });
});
