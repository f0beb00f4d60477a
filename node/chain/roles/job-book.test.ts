import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import { type NodeStore, openNodeStore } from '../../store/index.ts';
import { JobBook, type MarketRecord } from './job-book.ts';

let directory: string;
let store: NodeStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-job-book-'));
  store = await openNodeStore(join(directory, 'database'));
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const word = (digit: string) => digit.repeat(64);

const terms: JobTerms = {
  ...{ requester: '1'.repeat(40), nonce: 2n ** 255n, model: word('2'), inputDigest: word('3') },
  ...{ outputDigest: word('4'), edges: word('5'), edgeCount: 4, offers: word('6'), token: '0'.repeat(40) },
  ...{ optimistic: true, window: 3_600n, expiry: 1_800_000_000n },
};

async function jobsOf(book: JobBook) {
  const found = [];
  for await (const job of book.jobs()) found.push(job);
  return found;
}

const open = (market: string) => new JobBook(store.records<MarketRecord>('markets'), market);

describe('a node’s book of a market', () => {
  it('keeps jobs and the cursor over a restart, until they are forgotten', async () => {
    const cursor = { blocks: [{ number: 7, hash: `0x${word('a')}` }], begun: null };
    const book = open('1/aa');
    await book.keep(word('b'), terms);
    await book.save(cursor);
    await store.close();
    store = await openNodeStore(join(directory, 'database'));
    const again = open('1/aa');
    expect(await jobsOf(again)).toEqual([[word('b'), terms]]);
    expect(await again.load()).toEqual(cursor);
    await again.forget(word('b'));
    expect(await jobsOf(again)).toEqual([]);
  });

  it('holds nothing of another market', async () => {
    await open('1/aa').keep(word('b'), terms);
    expect(await jobsOf(open('1/ab'))).toEqual([]);
    expect(await open('1/ab').load()).toBeUndefined();
  });
});
