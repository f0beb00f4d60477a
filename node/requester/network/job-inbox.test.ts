import { beforeEach, describe, expect, it } from 'vitest';
import type { Proof } from '../../../protocol/certificate.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { proofFormat } from '../../../protocol/job/index.ts';
import type {
  Cancellation,
  EdgeMismatch,
  Refusal,
  SignedMessage,
  Submission,
  WorkerProgress,
} from '../../../protocol/messages/index.ts';
import { createLog } from '../../peer/log.ts';
import { JobCancellations } from './job-cancellations.ts';
import { JobInbox } from './job-inbox.ts';
import type { SegmentRecord } from './job-record.ts';
import { JobState } from './job-state.ts';
import type { ProofVerdict } from './proof-judge.ts';
import type { SegmentEvent } from './segment-event.ts';
import { SegmentLedger } from './segment-ledger.ts';

const [ann, ben, job] = ['aa', 'bb', '11'].map((byte) => byte.repeat(32)) as [string, string, string];
const proof: Proof = { bytes: new Uint8Array([1]), publicInputs: [2n] };
const log = createLog('silent', process.stderr);

let state: JobState;
let inbox: JobInbox;
let ledger: SegmentLedger;
/** What the judges say next. */
let verdict: () => Promise<ProofVerdict>;
let edgesHold: boolean;
/** What was told of workers, kept of segments, said to the job's owner, and sent to workers. */
let worth: [string, string][];
let kept: Map<number, SegmentRecord>;
let events: SegmentEvent[];
let cancelled: [string, Cancellation][];
let begun: string[];
let pokes: number;
/** What a record fails with that is to be kept. */
let full: TesseraError | undefined;

beforeEach(() => {
  [worth, events, cancelled, begun, pokes] = [[], [], [], [], 0];
  kept = new Map();
  full = undefined;
  verdict = async () => ({ kind: 'valid', proof });
  edgesHold = true;
  const need = { prover: 'groth16', units: 5, memory: 7 };
  ledger = new SegmentLedger([
    { ...need, id: 'one' },
    { ...need, id: 'two' },
  ]);
  const cancellations = new JobCancellations(job, {
    signer: { sign: (message) => ({ id: '', message, bytes: new Uint8Array() }) as never },
    link: { cancel: async (worker, { message }) => void cancelled.push([worker, message]) },
    announce: async () => {},
    log,
  });
  state = new JobState(job, {
    ledger,
    directory: {
      take: () => {},
      begin: (worker) => begun.push(worker) === 1,
      give: () => {},
      pause: (worker) => void worth.push([worker, 'pause']),
      judge: async (worker, what) => {
        worth.push([worker, what]);
        if (full !== undefined) throw full;
      },
    },
    record: {
      save: async (segment, record) => {
        if (full !== undefined) throw full;
        kept.set(segment, record);
      },
    },
    cancellations,
    log,
    onEvent: (event) => events.push(event),
    onRoom: () => {
      pokes += 1;
    },
  });
  inbox = new JobInbox({
    state,
    cancellations,
    log,
    proofs: { judgeSubmission: () => verdict() },
    edges: { holds: async () => edgesHold },
    directory: { sourceOf: () => ({ peer: '', addresses: [] }) },
  });
});

const assign = (segment: number, worker: string, id: string) => state.assign(segment, { id, worker }, 60_000);

/** What a worker says of an assignment. */
function said<M extends Submission | Refusal | EdgeMismatch | WorkerProgress>(
  worker: string,
  assignment: string,
  more: object = {},
): SignedMessage<M> {
  return { message: { job, segment: 0, sender: worker, assignment, ...more } } as unknown as SignedMessage<M>;
}

const cancels = (reason: string) => expect.objectContaining({ message: expect.objectContaining({ reason }) });

describe('a submission', () => {
  it('that holds is kept before it is acknowledged, and completes the job with the last segment', async () => {
    await assign(0, ann, 'x');
    await assign(1, ben, 'y');
    expect(await inbox.onSubmission(said(ben, 'y', { segment: 1 }))).toBeUndefined();
    expect(await inbox.onSubmission(said(ann, 'x'))).toBeUndefined();
    const hex = Buffer.from(proofFormat.encode(proof)).toString('hex');
    expect([...kept]).toEqual([
      [0, { proven: { proof: hex, worker: ann } }],
      [1, { proven: { proof: hex, worker: ben } }],
    ]);
    expect(await state.result).toEqual([proof, proof]);
    expect(worth).toEqual([
      [ben, 'kept'],
      [ann, 'kept'],
    ]);
    expect(cancelled).toEqual([]);
  });

  it('that comes late is as good: who has the segment by now is told that it is proven', async () => {
    await assign(0, ann, 'x');
    state.reopen(0, ann, 'nothing was heard of it');
    await assign(0, ben, 'y');
    expect(await inbox.onSubmission(said(ann, 'x'))).toBeUndefined();
    expect(cancelled).toEqual([[ben, expect.objectContaining({ segment: 0, reason: 'proven' })]]);
    expect(ledger.isAccepted(0)).toBe(true);
    // Its own proof is acknowledged, and not judged.
    verdict = () => Promise.reject(new Error('it is not to be judged'));
    expect(await inbox.onSubmission(said(ben, 'y'))).toBeUndefined();
  });

  it('of who was not given the segment is not looked at', async () => {
    await assign(0, ann, 'x');
    verdict = () => Promise.reject(new Error('it is not to be judged'));
    for (const stranger of [said<Submission>(ben, 'x'), said<Submission>(ann, 'y')]) {
      expect(await inbox.onSubmission(stranger)).toEqual(cancels('reassigned'));
    }
    expect(worth).toEqual([]);
  });

  it('that is wrong takes all from its worker, in this job and in every other', async () => {
    await assign(0, ann, 'x');
    await assign(1, ann, 'y');
    verdict = async () => ({ kind: 'wrong', reason: 'it does not verify' });
    await inbox.onSubmission(said(ann, 'x'));
    expect(worth).toEqual([[ann, 'lied']]);
    expect(ledger.open.map(({ segment }) => segment)).toEqual([0, 1]);
    expect(ledger.open[0]?.barred.get(ann)).toBe('failed');
    expect(pokes).toBeGreaterThan(0);
    // A second try of the same is nobody's.
    expect(await inbox.onSubmission(said(ann, 'x'))).toEqual(cancels('reassigned'));
  });

  it('whose proof does not come is a broken promise, not a lie', async () => {
    await assign(0, ann, 'x');
    verdict = () => Promise.reject(new TesseraError('ARTIFACT_MISSING', { message: 'nobody has it' }));
    expect(await inbox.onSubmission(said(ann, 'x'))).toEqual(cancels('reassigned'));
    expect(worth).toEqual([
      [ann, 'pause'],
      [ann, 'broken'],
    ]);
    expect(ledger.open.map(({ segment }) => segment)).toEqual([0, 1]);
  });

  it('that cannot be kept ends the job, and is not held against its worker', async () => {
    await assign(0, ann, 'x');
    full = new TesseraError('STORAGE_FAILED', { message: 'no space left on device' });
    await expect(inbox.onSubmission(said(ann, 'x'))).rejects.toBe(full);
    await expect(state.result).rejects.toBe(full);
    expect(worth).toEqual([]);
  });

  it.each<[string, () => Promise<ProofVerdict>]>([
    ['is wrong', async () => ({ kind: 'wrong', reason: 'it does not verify' })],
    [
      'does not come',
      () => Promise.reject(new TesseraError('ARTIFACT_MISSING', { message: 'nobody has it' })),
    ],
  ])('that %s ends the job where its worker’s record cannot be kept', async (_, judged) => {
    await assign(0, ann, 'x');
    full = new TesseraError('STORAGE_FAILED', { message: 'no space left on device' });
    verdict = judged;
    await expect(inbox.onSubmission(said(ann, 'x'))).rejects.toBe(full);
    await expect(state.result).rejects.toBe(full);
  });

  it('is judged once at a time, and its assignment does not lapse meanwhile', async () => {
    await assign(0, ann, 'x');
    const judged = Promise.withResolvers<ProofVerdict>();
    verdict = () => judged.promise;
    const first = inbox.onSubmission(said(ann, 'x'));
    await expect(inbox.onSubmission(said(ann, 'x'))).rejects.toMatchObject({ code: 'NETWORK_FAILED' });
    // Any silence is too long: only that it is judged keeps it.
    expect(state.lapsed(-1)).toEqual([]);
    judged.resolve({ kind: 'valid', proof });
    expect(await first).toBeUndefined();
    await assign(1, ben, 'y');
    expect(state.lapsed(-1)).toMatchObject([{ segment: 1 }]);
  });

  it('that two workers were given is accepted once', async () => {
    await assign(0, ann, 'x');
    state.reopen(0, ann, 'nothing was heard of it');
    await assign(0, ben, 'y');
    await Promise.all([inbox.onSubmission(said(ann, 'x')), inbox.onSubmission(said(ben, 'y'))]);
    expect(events.filter(({ state }) => state === 'accepted')).toHaveLength(1);
    expect(worth).toHaveLength(1);
  });
});

describe('what is kept of a segment', () => {
  it('is everybody who has it: none of them works in vain when the requester is started anew', async () => {
    await assign(0, ann, 'x');
    await assign(0, ben, 'y');
    const assignments = [
      { id: 'x', worker: ann, attempt: 0 },
      { id: 'y', worker: ben, attempt: 1 },
    ];
    expect(kept.get(0)).toEqual({ assignments });

    for (const assignment of assignments) state.resume(1, assignment, 60_000);
    expect(ledger.attemptsOf(1)).toBe(2);
    await inbox.onSubmission(said(ann, 'x', { segment: 1 }));
    expect(ledger.isAccepted(1)).toBe(true);
    expect(cancelled).toEqual([[ben, expect.objectContaining({ segment: 1, reason: 'proven' })]]);
  });

  it('is told again where it was proven before', () => {
    state.restore(0, ann, proof);
    expect(events).toEqual([{ segment: 0, id: 'one', state: 'accepted', worker: ann }]);
    expect(ledger.isAccepted(0)).toBe(true);
  });
});

describe('a report', () => {
  it('of who has the segment is a sign of life', async () => {
    await assign(0, ann, 'x');
    expect(await inbox.onProgress(said(ann, 'x', { stage: 'proving' }))).toBeUndefined();
    expect(ledger.isWorking).toBe(true);
    expect(events.at(-1)).toMatchObject({ segment: 0, state: 'proving', worker: ann });
  });

  it('that the segment is begun lets its worker have another one', async () => {
    await assign(0, ann, 'x');
    for (const stage of ['queued', 'fetching']) await inbox.onProgress(said(ann, 'x', { stage }));
    await inbox.onProgress(said(ben, 'y', { stage: 'checking' }));
    expect([begun, pokes]).toEqual([[], 0]);
    for (const stage of ['checking', 'proving']) await inbox.onProgress(said(ann, 'x', { stage }));
    // Told twice, it was news once.
    expect([begun, pokes]).toEqual([[ann, ann], 1]);
  });

  it('of who has not is answered so that it stops', async () => {
    await assign(0, ann, 'x');
    expect(await inbox.onProgress(said(ben, 'y', { stage: 'proving' }))).toEqual(cancels('reassigned'));
    await inbox.onSubmission(said(ann, 'x'));
    expect(await inbox.onProgress(said(ann, 'x', { stage: 'proving' }))).toEqual(cancels('proven'));
  });
});

describe('a refusal', () => {
  it.each<[string, object, unknown, string[]]>([
    [
      'that passes is no reason to keep the segment from its worker',
      { reason: 'busy' },
      undefined,
      ['pause'],
    ],
    ['of what the worker is keeps the segment from it', { reason: 'memory' }, 'memory', []],
  ])('%s', async (_, refused, barred, told) => {
    await assign(0, ann, 'x');
    await inbox.onRefusal(said(ann, 'x', { ...refused, detail: '' }));
    expect(ledger.open[0]?.barred.get(ann)).toBe(barred);
    expect(worth.map(([, what]) => what)).toEqual(told);
  });

  it('of who does not have the segment changes nothing', async () => {
    await assign(0, ann, 'x');
    await inbox.onRefusal(said(ben, 'x', { reason: 'memory', detail: '' }));
    expect(ledger.holds({ segment: 0, assignment: 'x', worker: ann })).toBe(true);
  });
});

describe('an edge mismatch', () => {
  it('that this machine finds too ends the job', async () => {
    await assign(0, ann, 'x');
    edgesHold = false;
    await inbox.onMismatch(said(ann, 'x', { edge: 3, block: 0 }));
    await expect(state.result).rejects.toMatchObject({
      code: 'EDGE_MISMATCH',
      details: { segment: 'one', edge: 3, block: 0, worker: ann },
    });
  });

  it('that it does not find is a lie', async () => {
    await assign(0, ann, 'x');
    await inbox.onMismatch(said(ann, 'x', { edge: 3, block: 0 }));
    expect(worth).toEqual([[ann, 'lied']]);
    expect(ledger.open.map(({ segment }) => segment)).toEqual([0, 1]);
  });

  it('of who does not have the segment is not looked into', async () => {
    await assign(0, ann, 'x');
    edgesHold = false;
    await inbox.onMismatch(said(ben, 'x', { edge: 3, block: 0 }));
    expect(ledger.holds({ segment: 0, assignment: 'x', worker: ann })).toBe(true);
    expect(worth).toEqual([]);
  });
});
