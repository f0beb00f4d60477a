import { expect, test } from 'vitest';
import type { SegmentPlan } from '../plan/plan.ts';
import type { Progress } from '../progress.ts';
import type { ProverUse } from './prover-call.ts';
import { SegmentProgress } from './segment-progress.ts';

/** A plan of which only what the progress reads is there. */
function planOf(id: string, setupSeconds?: number): SegmentPlan {
  const expected = setupSeconds === undefined ? {} : { expected: { setupSeconds } };
  return { id, ...expected } as unknown as SegmentPlan;
}

function follow(plans: readonly SegmentPlan[]) {
  const told: Progress[] = [];
  const used: ProverUse[] = [];
  const options = {
    onProgress: (event: Progress) => void told.push(event),
    onUse: (use: ProverUse) => void used.push(use),
  };
  return { told, used, progress: new SegmentProgress('compile', plans, options) };
}

const stage = { type: 'stage', stage: 'compile', total: 2 } as const;

test('tells what the plan expects of what is done and of all, without what came from the cache', () => {
  const { told, used, progress } = follow([planOf('a', 30), planOf('b', 10)]);
  const use = { segment: 'a', step: 'setup', cached: true } as ProverUse;
  progress.options.onUse?.(use);
  progress.finish('a');
  progress.options.onUse?.({ ...use, segment: 'b', cached: false });
  progress.finish('b');
  expect(told).toEqual([
    { ...stage, done: 0, expected: { done: 0, total: 40 } },
    { ...stage, done: 1, detail: 'a', expected: { done: 0, total: 10 } },
    { ...stage, done: 2, detail: 'b', expected: { done: 10, total: 10 } },
  ]);
  expect(used).toHaveLength(2);
});

test('a step that takes little and was in the cache says nothing of the one that takes long', () => {
  const { told, progress } = follow([planOf('a', 30), planOf('b', 10)]);
  progress.options.onUse?.({ segment: 'a', step: 'compile', cached: true } as ProverUse);
  progress.finish('a');
  expect(told.at(-1)).toMatchObject({ expected: { done: 30, total: 40 } });
});

test('tells nothing of time where nothing was planned', () => {
  const { told, progress } = follow([planOf('a'), planOf('b')]);
  progress.finish('b');
  expect(told).toEqual([
    { ...stage, done: 0 },
    { ...stage, done: 1, detail: 'b' },
  ]);
});
