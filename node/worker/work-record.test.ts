import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Assignment, messageLimits } from '../../protocol/messages/index.ts';
import { type NodeStore, openNodeStore } from '../store/index.ts';
import { type EndedWork, type WorkRecord, WorkRecords } from './work-record.ts';

let directory: string;
let store: NodeStore;
let now: number;
let records: WorkRecords;
const kept: WorkRecord = { assignment: '01', addresses: [], access: 'open', endsAt: 5 };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-work-record-'));
  store = await openNodeStore(directory);
  now = 0;
  records = new WorkRecords(store.records<WorkRecord | EndedWork>('work'), () => now);
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const expiringAt = (expires: number) => ({ expires }) as Assignment;

test('what is not over is found with all that was kept of it; what is over is only known to be', async () => {
  await records.keep('a', kept);
  await records.keep('b', kept);
  await records.end('b', expiringAt(1));
  expect(await Promise.all(['a', 'b', 'c'].map((id) => records.find(id)))).toEqual([
    kept,
    'ended',
    undefined,
  ]);
  const unfinished = [];
  for await (const entry of records.unfinished()) unfinished.push(entry);
  expect(unfinished).toEqual([['a', kept]]);
});

test('what is over is forgotten while the node runs, once nobody can send it again', async () => {
  const { clockSkew } = messageLimits;
  await records.keep('a', kept);
  await records.end('b', expiringAt(1_000));
  now = clockSkew + 999;
  await records.end('c', expiringAt(now + 1));
  expect(await records.find('b')).toBe('ended');
  now += 600_000;
  await records.end('d', expiringAt(now));
  const left = await Promise.all(['a', 'b', 'c', 'd'].map((id) => records.find(id)));
  expect(left).toEqual([kept, undefined, 'ended', 'ended']);
});
