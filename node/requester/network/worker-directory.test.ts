import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bid, messageLimits, type SignedMessage } from '../../../protocol/messages/index.ts';
import { type NodeStore, openNodeStore } from '../../store/index.ts';
import { WorkerDirectory, type WorkerRecord } from './worker-directory.ts';

const worker = 'aa'.repeat(32);
const start = 1_000_000_000;
let now: number;
let path: string;
let store: NodeStore;
let directory: WorkerDirectory;

beforeEach(async () => {
  now = start;
  path = await mkdtemp(join(tmpdir(), 'tessera-directory-'));
  store = await openNodeStore(join(path, 'database'));
  directory = new WorkerDirectory(store.records<WorkerRecord>('records'), () => now);
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true, force: true });
});

/** The directory looks at what a bid says; its signature was verified when it came. */
function bid(change: Partial<Bid> = {}): SignedMessage<Bid> {
  const message: Bid = {
    kind: 'bid',
    sender: worker,
    issued: now,
    expires: now + 150_000,
    sequence: 1,
    cores: 2,
    memory: 1_000,
    gpus: [],
    provers: [{ name: 'groth16', unitsPerSecond: 7 }],
    slots: { total: 2, free: 2 },
    price: 3n,
    addresses: [],
    ...change,
  };
  return { id: 'bb'.repeat(32), message, bytes: new Uint8Array() };
}

describe('the directory of workers', () => {
  it('offers who bids, with what it said', () => {
    expect(directory.note(bid())).toBe(true);
    expect(directory.candidates()).toEqual([
      {
        worker,
        speeds: new Map([['groth16', 7]]),
        memory: 1_000,
        price: 3n,
        places: 2,
        taken: 0,
        isMet: false,
        held: [],
        begun: 0,
        record: { kept: 0, broken: 0 },
      },
    ]);
  });

  it('leaves out a worker whose bid is stale, by every clock that is off by no more than is allowed', () => {
    directory.note(bid());
    now = start + 150_000 + messageLimits.clockSkew - 1;
    expect(directory.candidates()).toHaveLength(1);
    now += 1;
    expect(directory.candidates()).toEqual([]);
    // It is there again when it bids again.
    directory.note(bid({ sequence: 2 }));
    expect(directory.candidates()).toHaveLength(1);
  });

  it('keeps to the latest bid, whichever order they come in', () => {
    directory.note(bid({ sequence: 5, price: 5n }));
    expect(directory.note(bid({ sequence: 4, price: 4n }))).toBe(false);
    expect(directory.candidates()[0]?.price).toBe(5n);
  });

  it('tells places that others have taken from those that it took itself', () => {
    directory.take(worker, 'one', 10);
    directory.note(bid({ slots: { total: 2, free: 0 } }));
    expect(directory.candidates()[0]).toMatchObject({ taken: 1, held: [10] });
    directory.give(worker, 'one');
    expect(directory.candidates()[0]?.held).toEqual([]);
  });

  it('knows how many a worker has begun of what it has', () => {
    directory.note(bid());
    for (const assignment of ['one', 'two']) directory.take(worker, assignment, 10);
    expect(directory.candidates()[0]?.begun).toBe(0);
    expect(directory.begin(worker, 'two')).toBe(true);
    expect(directory.begin(worker, 'two')).toBe(false);
    expect(directory.candidates()[0]?.begun).toBe(1);
    directory.give(worker, 'two');
    expect(directory.begin(worker, 'two')).toBe(false);
    expect(directory.candidates()[0]).toMatchObject({ held: [10], begun: 0 });
  });

  it('gives a proven worker that was busy a rest, until it bids anew', async () => {
    directory.note(bid());
    await directory.judge(worker, 'kept');
    directory.pause(worker);
    expect(directory.candidates()).toEqual([]);
    directory.note(bid({ sequence: 2 }));
    expect(directory.candidates()).toHaveLength(1);
  });

  it('gives a stranger a longer rest each time, whatever it bids, until it delivers', async () => {
    directory.note(bid());
    for (const rest of [2_000, 4_000, 8_000]) {
      directory.pause(worker);
      directory.note(bid({ sequence: rest }));
      now += rest - 1;
      expect(directory.candidates()).toEqual([]);
      now += 1;
      expect(directory.candidates()).toHaveLength(1);
    }
    await directory.judge(worker, 'kept');
    directory.pause(worker);
    now += 2_000;
    expect(directory.candidates()).toHaveLength(1);
  });

  it('remembers how workers kept what they took, and never offers one that lied', async () => {
    directory.note(bid());
    await directory.judge(worker, 'kept');
    await directory.judge(worker, 'broken');
    const restarted = new WorkerDirectory(store.records<WorkerRecord>('records'), () => now);
    await restarted.load();
    restarted.note(bid());
    expect(restarted.candidates()[0]?.record).toEqual({ kept: 1, broken: 1 });
    await restarted.judge(worker, 'lied');
    expect(restarted.candidates()).toEqual([]);
    expect(restarted.note(bid({ sequence: 2 }))).toBe(false);
  });
});

describe('a directory that strangers fill', () => {
  const limits = { bids: 100, records: 20 };
  const stranger = (index: number) => index.toString(16).padStart(64, '0');
  const small = () => new WorkerDirectory(store.records<WorkerRecord>('records'), () => now, limits);

  it('remembers those that were heard last', () => {
    directory = small();
    for (let index = 0; index <= limits.bids; index++) directory.note(bid({ sender: stranger(index) }));
    expect(directory.sizes.bids).toBe(limits.bids);
    expect(directory.find(stranger(0))).toBeUndefined();
    expect(directory.find(stranger(1))).toBeDefined();
  });

  it('never forgets proven workers for them, nor those that have something to do', async () => {
    directory = small();
    await directory.judge(worker, 'kept');
    const busy = 'bb'.repeat(32);
    directory.take(busy, 'one', 1);
    for (const sender of [worker, busy]) directory.note(bid({ sender }));
    for (let index = 0; index < 3 * limits.bids; index++) directory.note(bid({ sender: stranger(index) }));
    expect(directory.find(worker)).toBeDefined();
    expect(directory.find(busy)).toBeDefined();
    expect(directory.sizes.bids).toBe(limits.bids);
  });

  it('forgets those that it has only heard of before those that it has met', async () => {
    directory = small();
    directory.note(bid(), true);
    for (let index = 0; index < 3 * limits.bids; index++) directory.note(bid({ sender: stranger(index) }));
    expect(directory.find(worker)).toMatchObject({ isMet: true });
    // What is said by gossip later does not change that.
    directory.note(bid({ sequence: 2 }));
    expect(directory.find(worker)).toMatchObject({ isMet: true });
  });

  it('keeps no bytes of what they sent', () => {
    directory.note({ ...bid(), bytes: new Uint8Array(65_536) });
    expect(directory.find(worker)?.bid).not.toHaveProperty('bytes');
  });

  it('keeps nothing of what they had, and few of their records, here and in its store', async () => {
    directory = small();
    await directory.judge(worker, 'kept');
    for (let index = 0; index < 2 * limits.records; index++) {
      const sender = stranger(index);
      directory.note(bid({ sender }));
      directory.take(sender, 'one', 1);
      directory.give(sender, 'one');
      directory.pause(sender);
      await directory.judge(sender, 'broken');
    }
    expect(directory.sizes).toMatchObject({ held: 0, records: limits.records });
    now += 3_600_000;
    expect(directory.candidates()).toEqual([]);
    expect(directory.sizes).toMatchObject({ bids: 0, pauses: 0 });
    const again = small();
    await again.load();
    expect(again.sizes.records).toBe(limits.records);
    again.note(bid());
    expect(again.candidates()).toMatchObject([{ worker, record: { kept: 1 } }]);
  });
});
