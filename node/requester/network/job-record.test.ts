import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type NodeStore, openNodeStore } from '../../store/index.ts';
import { type JobRecord, JobRecords, newJobRecord, type SegmentRecord } from './job-record.ts';

let directory: string;
let store: NodeStore;
const [key, job, nonce] = ['11'.repeat(32), '22'.repeat(32), '33'.repeat(32)];
const make = () => newJobRecord(job, nonce, new Map([['hidden', 7n]]));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-job-record-'));
  store = await openNodeStore(directory);
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

/** Opened as after a start: nothing of it is in memory. */
function records(now = Date.now): JobRecords {
  const components = {
    jobs: store.records<JobRecord>('jobs'),
    segments: store.records<SegmentRecord>('job-segments'),
  };
  return new JobRecords(components, now);
}

test('a job is found again with its nonce, its blinding values and what came of its segments', async () => {
  const proven = { proof: 'ab', worker: '77'.repeat(32) };
  await (await records().open(key, 2, make)).save(1, { proven });
  const again = await records().open(key, 2, () => newJobRecord('44'.repeat(32), '55'.repeat(32), new Map()));
  expect(again.nonce).toBe(nonce);
  expect(again.blindings).toEqual(new Map([['hidden', 7n]]));
  expect([...again.segments]).toEqual([[1, { proven }]]);
  expect(await records().interrupted()).toEqual(new Set([job]));
});

test('a job that was withdrawn keeps its proofs, none of its assignments, and was not interrupted', async () => {
  const record = await records().open(key, 2, make);
  const proven = { proof: 'ab', worker: '77'.repeat(32) };
  await record.save(0, { proven });
  await record.save(1, { assignments: [{ id: '66'.repeat(32), worker: '77'.repeat(32), attempt: 0 }] });
  await record.withdraw();
  expect(await records().interrupted()).toEqual(new Set());
  expect([...(await records().open(key, 2, make)).segments.values()]).toEqual([{ proven }, {}]);
  expect(await records().interrupted()).toEqual(new Set([job]));
});

test('nothing is left of a job that is done', async () => {
  const record = await records().open(key, 1, make);
  await record.save(0, { proven: { proof: 'ab', worker: '77'.repeat(32) } });
  await record.delete();
  expect(await records().interrupted()).toEqual(new Set());
  expect((await records().open(key, 1, make)).segments.size).toBe(0);
});

test('a job is not begun a second time while it is being proven', async () => {
  const node = records();
  const record = await node.open(key, 1, make);
  await expect(node.open(key, 1, make)).rejects.toMatchObject({ code: 'USAGE' });
  await node.open('44'.repeat(32), 1, make);
  record.close();
  expect((await node.open(key, 1, make)).nonce).toBe(nonce);
});

test('a job that nobody takes up for a month is forgotten with all its segments, and no other', async () => {
  const day = 24 * 3_600_000;
  const [old, young] = [key, '44'.repeat(32)];
  for (const [name, now] of [
    [old, 0],
    [young, 20 * day],
  ] as const) {
    await (await records(() => now).open(name, 1, make)).save(0, {});
  }
  expect(await records(() => 31 * day).forgetOld()).toEqual([make().job]);
  const left = { jobs: [] as string[], segments: [] as string[] };
  for await (const [name] of store.records('jobs').entries()) left.jobs.push(name);
  for await (const [name] of store.records('job-segments').entries()) left.segments.push(name);
  expect(left).toEqual({ jobs: [young], segments: [`${young}/0`] });
});
