import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Commitments } from '../../../protocol/job/index.ts';
import type { Prover } from '../../provers/prover.ts';
import { commitEdges } from '../commit-edges.ts';
import type { Job } from '../job.ts';
import { EdgeJudge } from './edge-judge.ts';
import { Groth16Jobs } from './testing/groth16-jobs.ts';

const { signal } = new AbortController();
let jobs: Groth16Jobs;
let job: Job;
let commitments: Commitments;
/** How often a segment was run. */
let runs: number;
/** How many ran at once, and the most that did. */
let running = 0;
let mostAtOnce = 0;
/** Bytes that a run was allowed. */
let memoryLimit: number | undefined;
/** What the next run fails with. */
let failure: TesseraError | undefined;

beforeAll(async () => {
  jobs = await Groth16Jobs.open();
  job = await jobs.prepare([1, -1, 0.5, 0.25]);
  commitments = await commitEdges(job, jobs.modules.verifiers, new Map());
});
afterAll(() => jobs.close());
beforeEach(() => {
  runs = 0;
  failure = undefined;
});

function judgeOf(fixed: Commitments): EdgeJudge {
  const { prover, modules } = jobs;
  const watched: Prover = {
    ...prover,
    async execute(...request) {
      runs += 1;
      mostAtOnce = Math.max(mostAtOnce, ++running);
      memoryLimit = request[2]?.memoryLimit;
      try {
        if (failure !== undefined) throw failure;
        return await prover.execute(...request);
      } finally {
        running -= 1;
      }
    },
  };
  return new EdgeJudge(
    { job, commitments: fixed, srsFiles: new Map() },
    { provers: new Map([[prover.name, watched]]), verifiers: modules.verifiers },
  );
}

/** The job's commitments, but for one that another job's values have. */
async function withForeign(edge: number): Promise<Commitments> {
  const other = await jobs.prepare([0.5, 0.5, -0.5, 1]);
  const foreign = await commitEdges(other, jobs.modules.verifiers, new Map());
  return commitments.map((blocks, index) => (index === edge ? (foreign[index] ?? []) : blocks));
}

it('finds what was committed as the segments give it, and runs each once for all who ask, one at a time', async () => {
  const judge = judgeOf(commitments);
  const asked = [0, 1, 0, 1, 0].map((segment) => judge.holds(segment, signal));
  expect(await Promise.all(asked)).toEqual([true, true, true, true, true]);
  expect(await judge.holds(1, signal)).toBe(true);
  expect([runs, mostAtOnce]).toEqual([2, 1]);
  expect(memoryLimit).toBe(job.limits.memory);
});

it('finds the worker right where an edge is committed to another value, on whichever side', async () => {
  const { inputs, outputs } = job.compiled.graph.segments[0] as Job['compiled']['graph']['segments'][number];
  for (const ref of [inputs[0], outputs[0]]) {
    const judge = judgeOf(await withForeign(ref?.edge ?? -1));
    expect(await judge.holds(0, signal)).toBe(false);
  }
});

it('judges a segment by its own edges only', async () => {
  const last = job.compiled.graph.segments[1]?.outputs[0]?.edge ?? -1;
  const judge = judgeOf(await withForeign(last));
  expect([await judge.holds(0, signal), await judge.holds(1, signal)]).toEqual([true, false]);
});

it('knows no segment beyond the job’s', async () => {
  expect(await judgeOf(commitments).holds(2, signal)).toBe(false);
});

it('decides nothing where the segment cannot be run, and can be asked again', async () => {
  const judge = judgeOf(commitments);
  failure = new TesseraError('PROVER_FAILED', { message: 'it broke' });
  await expect(judge.holds(0, signal)).rejects.toBe(failure);
  failure = undefined;
  expect(await judge.holds(0, signal)).toBe(true);
});
