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
        held: [],
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

  it('gives a worker that was busy a rest, until it bids anew', () => {
    directory.note(bid());
    directory.pause(worker);
    expect(directory.candidates()).toEqual([]);
    directory.note(bid({ sequence: 2 }));
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
  });

  it('remembers the workers that were heard last, of more than it has room for', () => {
    for (let index = 0; index <= 4_096; index++) {
      directory.note(bid({ sender: index.toString(16).padStart(64, '0') }));
    }
    expect(directory.candidates()).toHaveLength(4_096);
    expect(directory.find('0'.repeat(64))).toBeUndefined();
  });
});
