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
function records(): JobRecords {
  return new JobRecords({
    jobs: store.records<JobRecord>('jobs'),
    segments: store.records<SegmentRecord>('job-segments'),
  });
}

test('a job is found again with its nonce, its blinding values and what came of its segments', async () => {
  await (await records().open(key, 2, make)).save(1, { proof: 'ab' });
  const again = await records().open(key, 2, () => newJobRecord('44'.repeat(32), '55'.repeat(32), new Map()));
  expect(again.nonce).toBe(nonce);
  expect(again.blindings).toEqual(new Map([['hidden', 7n]]));
  expect([...again.segments]).toEqual([[1, { proof: 'ab' }]]);
  expect(await records().interrupted()).toEqual(new Set([job]));
});

test('a job that was withdrawn keeps its proofs, none of its assignments, and was not interrupted', async () => {
  const record = await records().open(key, 2, make);
  await record.save(0, { proof: 'ab' });
  await record.save(1, { assignment: { id: '66'.repeat(32), worker: '77'.repeat(32), attempt: 0 } });
  await record.withdraw();
  expect(await records().interrupted()).toEqual(new Set());
  expect([...(await records().open(key, 2, make)).segments.values()]).toEqual([{ proof: 'ab' }, {}]);
  expect(await records().interrupted()).toEqual(new Set([job]));
});

test('nothing is left of a job that is done', async () => {
  const record = await records().open(key, 1, make);
  await record.save(0, { proof: 'ab' });
  await record.delete();
  expect(await records().interrupted()).toEqual(new Set());
  expect((await records().open(key, 1, make)).segments.size).toBe(0);
});
