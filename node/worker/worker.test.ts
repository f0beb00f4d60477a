import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import {
  type Assignment,
  type Cancellation,
  jobId,
  type Message,
  messageLimits,
  type Offer,
  peerIdOf,
  type SignedMessage,
} from '../../protocol/messages/index.ts';
import { eventually } from '../../tests/support/eventually.ts';
import { ArtifactStore } from '../artifacts/store/index.ts';
import { ArtifactAccess } from '../job/artifact-access.ts';
import { Signer } from '../job/signer.ts';
import { createLog } from '../peer/log.ts';
import { type NodeStore, openNodeStore } from '../store/index.ts';
import type { SegmentOutcome, SegmentWork } from './segment-work.ts';
import { type EndedWork, type WorkRecord, WorkRecords } from './work-record.ts';
import { Worker, type WorkerInit } from './worker.ts';

/** Milliseconds between two looks: what is waited for happens at once. */
const interval = 5;

const signerOf = (byte: number) => {
  const secretKey = new Uint8Array(32).fill(byte);
  return new Signer({ secretKey, peerId: peerIdOf(bytesToHex(ed25519.getPublicKey(secretKey))) });
};
const [own, requester] = [signerOf(1), signerOf(2)];
const [manifest, nonce] = ['11'.repeat(32), '22'.repeat(32)];
const job = jobId(requester.sender, manifest, nonce);
const offer = {
  ...{ sender: requester.sender, job, access: 'open', addresses: [] },
  needs: [{ prover: 'groth16', adapter: 'groth16/bn254', segments: 1, units: 1, memory: 1 }],
} as unknown as Offer;
const proof: SegmentOutcome = { kind: 'proof', proof: { bytes: new Uint8Array([1]), publicInputs: [2n] } };
const ref = { edge: 0, block: 0 };
const mismatch: SegmentOutcome = { kind: 'edge-mismatch', ...ref, committed: manifest, computed: nonce };

let directory: string;
let store: NodeStore;
let artifacts: ArtifactStore;
let records: WorkRecords;
/** How a segment is worked on next, and which were. */
let work: SegmentWork;
let begun: number[];
/** What the requester was told, and what it answers. */
let told: Message[];
let answer: () => Promise<undefined>;
let worker: Worker;
/** What it logs. */
let lines: { msg: string; segment?: number }[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-worker-'));
  store = await openNodeStore(join(directory, 'database'));
  artifacts = await ArtifactStore.open({ directory: join(directory, 'artifacts'), maxBytes: 2 ** 20 });
  records = new WorkRecords(store.records<WorkRecord | EndedWork>('work'), Date.now);
  [begun, told, lines] = [[], [], []];
  answer = async () => undefined;
  work = async () => proof;
  worker = open();
});
afterEach(async () => {
  await worker.stop();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function open(init: Partial<WorkerInit> = {}): Worker {
  const limits = { memory: 100, parallel: 1, disk: 0, requesters: new Set<string>(), price: 0n };
  const opened = new Worker(
    { limits, provers: new Set(['groth16']), timings: { retry: 5 }, ...init },
    {
      signer: own,
      requests: {
        request: (_, { message }) => {
          told.push(message);
          return answer();
        },
      },
      artifacts: new ArtifactAccess({ store: artifacts } as ConstructorParameters<typeof ArtifactAccess>[0]),
      records: store.records<WorkRecord | EndedWork>('work'),
      work: (task, options) => {
        begun.push(task.assignment.segment);
        return work(task, options);
      },
      freeDisk: async () => 1,
      log: createLog('info', { write: (line) => void lines.push(JSON.parse(line)) }),
    },
  );
  opened.noteOffer(offer);
  return opened;
}

function assignment(segment: number, deadline = Date.now() + 3_600_000): SignedMessage<Assignment> {
  return requester.sign<Assignment>({
    kind: 'assignment',
    ...{ job, segment, worker: own.sender, manifest, commitments: nonce, bid: nonce },
    ...{ attempt: 0, artifacts: {}, inputs: [], price: 0n, deadline },
  });
}

/** Gives it an assignment, and says how it answers. */
async function assign(signed: SignedMessage<Assignment>): Promise<string | undefined> {
  const { signal } = new AbortController();
  return (await worker.handlers.assignment?.(signed, { signal }))?.message.kind;
}

/** Work that goes on until it is cancelled. */
const endless: SegmentWork = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const unreachable = () =>
  Promise.reject(new TesseraError('NETWORK_FAILED', { message: 'it cannot be reached' }));
const kept = () => artifacts.ls().filter(({ keptFor }) => keptFor.length > 0);

describe('a worker', () => {
  it('proves, hands in what it proved, and keeps nothing of it but that it is over', async () => {
    const signed = assignment(0);
    expect(await assign(signed)).toBe('progress');
    await eventually(async () => expect(await records.find(signed.id)).toBe('ended'), interval);
    const said = told.filter(({ kind }) => kind !== 'progress');
    expect(said).toMatchObject([{ kind: 'submission', assignment: signed.id }]);
    expect(kept()).toEqual([]);
    await eventually(() => expect(worker.segments).toEqual([]), interval);
    expect(await assign(signed)).toBe('refusal');
    expect(begun).toEqual([0]);
  });

  it.each<[string, SegmentWork, object]>([
    [
      'that is proven',
      async (_, { onProver }) => {
        onProver?.('groth16');
        return proof;
      },
      { outcome: 'proven', prover: 'groth16' },
    ],
    ['that the job has wrong', async () => mismatch, { outcome: 'edge mismatch' }],
    [
      'that it cannot prove',
      () => unreachable(),
      { outcome: 'refused', why: expect.stringMatching(/reached/) },
    ],
    [
      'that its requester cancels',
      (task, options) => {
        setImmediate(() =>
          worker.cancel({ sender: requester.sender, job, reason: 'proven' } as Cancellation),
        );
        return endless(task, options);
      },
      { outcome: 'given up', why: 'no longer needed: proven' },
    ],
    ['that the node stops at', endless, { outcome: 'interrupted' }],
  ])('logs a line as a segment %s is taken, and one as it ends', async (_, worked, ended) => {
    work = worked;
    const taken = assignment(4);
    await assign(taken);
    const about = { job, segment: 4, assignment: taken.id, requester: peerIdOf(requester.sender) };
    if (worked === endless) await worker.stop();
    await eventually(() => expect(lines).toHaveLength(2), interval);
    expect(lines).toMatchObject([
      { msg: 'segment taken', ...about },
      { msg: 'segment ended', ...about, ...ended, seconds: expect.any(Number) },
    ]);
  });

  it('says at once that a segment is begun, and else now and then', async () => {
    worker = open({ timings: { report: 60_000 } });
    work = (task, options) => {
      for (const stage of ['fetching', 'checking', 'proving'] as const) options.onStage(stage);
      return endless(task, options);
    };
    await assign(assignment(0));
    await eventually(() => expect(told).toMatchObject([{ kind: 'progress', stage: 'proving' }]), interval);
  });

  it('begins once what comes twice at once', async () => {
    work = endless;
    const signed = assignment(0);
    expect(await Promise.all([assign(signed), assign(signed)])).toEqual(['progress', 'progress']);
    expect(begun).toEqual([0]);
  });

  it.each<[string, () => Promise<SegmentOutcome>]>([
    ['a proof', async () => proof],
    ['a mismatch', async () => mismatch],
    ['a failure', () => Promise.reject(new TesseraError('DOWNLOAD_FAILED', { message: 'it broke off' }))],
  ])('keeps no place for %s of which its requester does not hear', async (_, result) => {
    answer = unreachable;
    work = result;
    for (const segment of [0, 1, 2, 3]) {
      expect(await assign(assignment(segment))).toBe('progress');
      await eventually(() => expect(worker.slots.free).toBe(1), interval);
    }
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('gives up the first of those of which nobody hears, once they are too many', async () => {
    answer = unreachable;
    worker = open({ waiting: 2 });
    for (const segment of [0, 1, 2]) {
      expect(await assign(assignment(segment))).toBe('progress');
      await eventually(() => expect(worker.slots.free).toBe(1), interval);
    }
    await eventually(() => expect(worker.segments.map(({ segment }) => segment)).toEqual([1, 2]), interval);
  });

  it('stops what its requester cancels, and no other', async () => {
    work = endless;
    const [first, second] = [assignment(0), assignment(1)];
    await assign(first);
    await assign(second);
    const head = { kind: 'cancellation', job, segment: 0, reason: 'proven' } as const;
    worker.cancel({ ...head, sender: own.sender, issued: 0, expires: 1 });
    expect(worker.segments).toHaveLength(2);
    worker.cancel({ ...head, sender: requester.sender, issued: 0, expires: 1 });
    await eventually(() => expect(worker.segments.map(({ segment }) => segment)).toEqual([1]), interval);
    expect(told.filter(({ kind }) => kind !== 'progress')).toEqual([]);
  });
});

describe('a job that its requester ended', () => {
  it('is not worked on when an assignment of it comes late, until it is offered again', async () => {
    const cancellation = { kind: 'cancellation', job, reason: 'withdrawn', issued: 0, expires: 1 } as const;
    worker.cancel({ ...cancellation, sender: own.sender });
    expect(await assign(assignment(0))).toBe('progress');
    await eventually(() => expect(worker.segments).toEqual([]), interval);
    worker.cancel({ ...cancellation, sender: requester.sender });
    expect(await assign(assignment(1))).toBe('refusal');
    expect(begun).toEqual([0]);
    worker.noteOffer(offer);
    expect(await assign(assignment(2))).toBe('progress');
  });
});

describe('a worker that is stopped', () => {
  it('takes nothing more, and goes on with what it had when it starts', async () => {
    work = endless;
    const signed = assignment(0);
    await assign(signed);
    await worker.stop();
    await expect(assign(assignment(1))).rejects.toMatchObject({ code: 'ABORTED' });
    expect(begun).toEqual([0]);
    work = async () => proof;
    worker = open();
    await worker.start();
    await eventually(async () => expect(await records.find(signed.id)).toBe('ended'), interval);
    expect(begun.filter((segment) => segment === 0)).toEqual([0, 0]);
  });

  it('starts without a kept assignment that cannot be read, and with the others', async () => {
    const signed = assignment(0);
    const kept = { addresses: [], access: 'open', endsAt: Date.now() + 3_600_000 } as const;
    await records.keep('00'.repeat(32), { ...kept, assignment: 'ffff' });
    await records.keep(signed.id, { ...kept, assignment: bytesToHex(signed.bytes) });
    await worker.start();
    await eventually(async () => expect(await records.find(signed.id)).toBe('ended'), interval);
    expect(await records.find('00'.repeat(32))).toBeUndefined();
  });

  it('keeps nothing of what became too late meanwhile', async () => {
    const signed = assignment(0);
    const { cid } = await artifacts.add([new Uint8Array([1])], {
      keepFor: `assignment/${signed.id}`,
      announce: false,
    });
    await records.keep(signed.id, {
      assignment: bytesToHex(signed.bytes),
      addresses: [],
      access: 'open',
      endsAt: Date.now() - 1,
      proof: { cid: `${cid}`, size: 1 },
    });
    await worker.start();
    await eventually(async () => expect(await records.find(signed.id)).toBe('ended'), interval);
    expect([begun, told, kept()]).toEqual([[], [], []]);
  });

  it('is not kept from a stop by a requester that cannot be reached', async () => {
    answer = unreachable;
    const signed = assignment(0, Date.now() + messageLimits.assignment);
    await assign(signed);
    await eventually(() => expect(told.length).toBeGreaterThan(1), interval);
    await worker.stop();
    expect(await records.find(signed.id)).toMatchObject({ proof: { size: expect.any(Number) } });
  });
});
