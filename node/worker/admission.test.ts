import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Assignment, Offer, SignedMessage } from '../../protocol/messages/index.ts';
import { type NodeStore, openNodeStore } from '../store/index.ts';
import { Admission } from './admission.ts';
import { type EndedWork, type WorkRecord, WorkRecords } from './work-record.ts';

const [worker, ann, ben] = ['11', 'aa', 'bb'].map((byte) => byte.repeat(32)) as [string, string, string];
const now = 1_000_000;

let path: string;
let store: NodeStore;
let records: WorkRecords;
let admission: Admission;
/** Whose segments it has. */
let held: string[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tessera-admission-'));
  store = await openNodeStore(join(path, 'database'));
  held = [];
  records = new WorkRecords(store.records<WorkRecord | EndedWork>('work'), () => now);
  admission = new Admission(
    {
      limits: { memory: 100, parallel: 1, disk: 0, requesters: new Set(), price: 0n },
      provers: new Set(['groth16']),
    },
    {
      signer: { sender: worker, now: () => now },
      records,
      freeDisk: async () => 1,
      held: () => held,
    },
  );
  for (const requester of [ann, ben]) admission.noteOffer(offerOf(requester));
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true, force: true });
});

const jobOf = (requester: string) => requester.slice(0, 32).padEnd(64, '0');

function offerOf(sender: string): Offer {
  const need = { prover: 'groth16', adapter: 'groth16/bn254', segments: 1, units: 1, memory: 100 };
  return { sender, job: jobOf(sender), access: 'open', addresses: [], needs: [need] } as unknown as Offer;
}

/** One of a requester's assignments: they are told apart by their ids. */
function assignment(id: string, sender: string, change: Partial<Assignment> = {}): SignedMessage<Assignment> {
  const message = { sender, job: jobOf(sender), worker, price: 0n, issued: 10, deadline: 60, ...change };
  return { id, message, bytes: new Uint8Array([1]) } as unknown as SignedMessage<Assignment>;
}

/** Takes an assignment where it is admitted. */
async function ask(id: string, sender: string, change?: Partial<Assignment>): Promise<string> {
  const answer = await admission.admit(assignment(id, sender, change), () => held.push(sender));
  return 'taken' in answer ? 'taken' : answer.objection.reason;
}

describe('an assignment', () => {
  it('is written down, by this clock, before anything is done about it', async () => {
    const { taken } = (await admission.admit(assignment('x', ann), () => records.find('x'))) as {
      taken: Promise<WorkRecord>;
    };
    expect(await taken).toEqual({ assignment: '01', addresses: [], access: 'open', endsAt: now + 50 });
  });

  it('is refused, and forgotten, where its job ends while it is written down', async () => {
    const keep = records.keep.bind(records);
    records.keep = async (...record) => {
      await keep(...record);
      admission.forgetOffer(ann, jobOf(ann));
    };
    expect(await ask('x', ann)).toBe('requester');
    expect(held).toEqual([]);
    for await (const [id] of records.unfinished()) expect.fail(`it is still to be done: ${id}`);
  });

  it.each<[string, string, Partial<Assignment>]>([
    ['for another worker', 'requester', { worker: ann }],
    ['of a job that nobody offered', 'requester', { job: '00'.repeat(32) }],
    ['of a job that another one offered', 'requester', { job: jobOf(ben) }],
    ['against its limits', 'deadline', { deadline: 10 }],
  ])('%s is refused', async (_, reason, change) => {
    expect(await ask('x', ann, change)).toBe(reason);
    expect(await records.find('x')).toBeUndefined();
  });

  it('holds for a day at most', async () => {
    const { taken } = (await admission.admit(assignment('x', ann, { deadline: 2 ** 52 }), (one) => one)) as {
      taken: WorkRecord;
    };
    expect(taken.endsAt).toBe(now + 86_400_000);
  });

  it('that was ended is not begun again, and one that was not is, as it was kept', async () => {
    await records.end('x', assignment('x', ann, { expires: now }).message);
    expect(await ask('x', ann)).toBe('failed');
    const kept: WorkRecord = { assignment: '02', addresses: ['there'], access: 'open', endsAt: now + 1 };
    await records.keep('y', kept);
    expect(await admission.admit(assignment('y', ann), (record) => record)).toEqual({ taken: kept });
  });
});

describe('places', () => {
  it('are never given twice, however many ask at once: one in advance besides those that there are', async () => {
    const asked = ['x', 'y', 'z'].map((id) => ask(id, ann));
    expect((await Promise.all(asked)).sort()).toEqual(['busy', 'taken', 'taken']);
  });

  it('go to who was turned away, before the one that has any asks again', async () => {
    await ask('x', ann);
    await ask('y', ann);
    expect(await ask('z', ben)).toBe('busy');
    held.shift();
    expect(await ask('v', ann)).toBe('busy');
    expect(await ask('z', ben)).toBe('taken');
    // By turns from now on, each waiting for the other.
    held = [ben];
    expect(await ask('w', ben)).toBe('busy');
    expect(await ask('v', ann)).toBe('taken');
  });
});

describe('a requester whose assignments come to nothing', () => {
  it('has no place before anybody else who wants one', async () => {
    await ask('x', ann);
    await ask('y', ann);
    expect(await ask('z', ben)).toBe('busy');
    held = [];
    admission.judge(ann, 'wasted');
    expect(await ask('v', ann)).toBe('busy');
    expect(await ask('z', ben)).toBe('taken');
    expect(await ask('v', ann)).toBe('taken');
  });
});

describe('offers of anybody', () => {
  it('are remembered up to a number, the last ones', async () => {
    for (let index = 0; index < 5_000; index++) {
      const sender = index.toString(16).padStart(32, 'c').padEnd(64, '0');
      admission.noteOffer(offerOf(sender));
    }
    expect(admission.offers).toBe(4_096);
    expect(await ask('x', ann)).toBe('requester');
    // Whoever has been forgotten says its offer again.
    admission.noteOffer(offerOf(ann));
    expect(await ask('y', ann)).toBe('taken');
  });

  it('are judged by the least that they need of this worker, however much else they name', async () => {
    const [need] = offerOf(ann).needs;
    const needs = [{ memory: 500 }, { prover: 'other', memory: 1 }, { memory: 100 }, { memory: 300 }];
    const offer = (named: typeof needs) => ({
      ...offerOf(ann),
      needs: named.map((change) => ({ ...need, ...change })) as Offer['needs'],
    });
    admission.noteOffer(offer(needs));
    expect(await ask('x', ann)).toBe('taken');
    held = [];
    admission.noteOffer(offer(needs.slice(0, 2)));
    expect(await ask('y', ann)).toBe('memory');
    admission.noteOffer(offer(needs.slice(1, 2)));
    expect(await ask('z', ann)).toBe('prover');
  });
});
