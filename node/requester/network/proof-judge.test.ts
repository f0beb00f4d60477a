import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Proof } from '../../../protocol/certificate.ts';
import { checkKeys } from '../../../protocol/check/keys.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { proofFormat } from '../../../protocol/job/index.ts';
import type { Submission } from '../../../protocol/messages/index.ts';
import type { ArtifactAccess } from '../../job/artifact-access.ts';
import { commitEdges } from '../commit-edges.ts';
import { draftJobCertificate, type Job } from '../job.ts';
import { ProofJudge, type ProofJudgeInit } from './proof-judge.ts';
import { Groth16Jobs } from './testing/groth16-jobs.ts';

const { signal } = new AbortController();
const source = { peer: 'worker', addresses: ['/ip4/127.0.0.1/tcp/1'] };

let jobs: Groth16Jobs;
let other: Job;
let init: ProofJudgeInit;
/** Of both segments. */
let proofs: readonly Proof[];
/** What was asked for of artifacts, and what it gives. */
let fetched: Parameters<ArtifactAccess['fetchBytes']>[];
let served: () => Promise<Uint8Array>;
let judge: ProofJudge;

beforeAll(async () => {
  jobs = await Groth16Jobs.open();
  const job = await jobs.prepare([1, -1, 0.5, 0.25]);
  other = await jobs.prepare([0.5, 0.5, -0.5, 1]);
  const { verifiers } = jobs.modules;
  const draft = await draftJobCertificate(job, jobs.modules);
  const commitments = await commitEdges(job, verifiers, new Map());
  const keys = checkKeys({ ...draft, commitments, proofs: [] }, verifiers);
  init = { segments: draft.manifest.graph.segments, keys, commitments };
  proofs = [await jobs.prove(job, 0), await jobs.prove(job, 1)];
});
afterAll(() => jobs.close());
beforeEach(() => {
  fetched = [];
  served = () => Promise.reject(new Error('nothing is to be fetched'));
  judge = new ProofJudge(init, {
    fetchBytes: (...request) => {
      fetched.push(request);
      return served();
    },
  });
});

const proofOf = (segment: number) => proofs[segment] as Proof;

function submission(segment: number, bytes: Uint8Array, change: Partial<Submission> = {}): Submission {
  const digest = '11'.repeat(32);
  return {
    kind: 'submission',
    sender: digest,
    issued: 0,
    expires: 1,
    job: digest,
    segment,
    assignment: digest,
    proof: 'bafy',
    size: bytes.length,
    ...change,
  };
}

describe('a proof', () => {
  it.each([0, 1])('of segment %i holds where it is of that segment and of this job', async (segment) => {
    const bytes = proofFormat.encode(proofOf(segment));
    expect(await judge.judgeBytes(segment, bytes, signal)).toEqual({
      kind: 'valid',
      proof: proofOf(segment),
    });
  });

  it('of the same segment with another input is wrong, though its verifier takes it', async () => {
    const bytes = proofFormat.encode(await jobs.prove(other, 0));
    expect(await judge.judgeBytes(0, bytes, signal)).toEqual({
      kind: 'wrong',
      reason: expect.stringMatching(/^it binds another value of edge \d+ than the job fixes$/),
    });
  });

  it.each<[string, number, () => Uint8Array]>([
    ['of another segment', 0, () => proofFormat.encode(proofOf(1))],
    ['of a segment that there is not', 2, () => proofFormat.encode(proofOf(1))],
    [
      'whose bytes were changed',
      0,
      () => proofFormat.encode({ ...proofOf(0), bytes: proofOf(0).bytes.toReversed() }),
    ],
    [
      'whose public inputs were changed',
      0,
      () =>
        proofFormat.encode({
          ...proofOf(0),
          publicInputs: proofOf(0).publicInputs.map((value) => value + 1n),
        }),
    ],
    ['that is none', 0, () => new Uint8Array([1, 2, 3])],
    ['that is empty', 0, () => new Uint8Array()],
  ])('%s is wrong', async (_, segment, bytes) => {
    expect(await judge.judgeBytes(segment, bytes(), signal)).toEqual({
      kind: 'wrong',
      reason: expect.stringMatching(/./),
    });
  });

  it('that nobody waits for any more is not called wrong', async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    const cancel = new AbortController();
    served = () => promise;
    const bytes = proofFormat.encode(proofOf(0));
    const judged = judge.judgeSubmission(submission(0, bytes), source, cancel.signal);
    cancel.abort();
    resolve(bytes);
    await expect(judged).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('a submission', () => {
  it('that carries its proof needs no artifact', async () => {
    const inline = proofFormat.encode(proofOf(0));
    expect(await judge.judgeSubmission(submission(0, inline, { inline }), source, signal)).toMatchObject({
      kind: 'valid',
    });
    expect(fetched).toEqual([]);
  });

  it('that names its proof has it fetched from its worker, and no more bytes than it said', async () => {
    const bytes = proofFormat.encode(proofOf(0));
    served = async () => bytes;
    expect(await judge.judgeSubmission(submission(0, bytes), source, signal)).toMatchObject({
      kind: 'valid',
    });
    expect(fetched).toEqual([
      ['bafy', { maxBytes: bytes.length, source, announce: false, signal: expect.any(AbortSignal) }],
    ]);
  });

  it('of more bytes than a proof has is wrong, and nothing is fetched', async () => {
    const large = submission(0, new Uint8Array(), { size: proofFormat.maxBytes + 1 });
    expect(await judge.judgeSubmission(large, source, signal)).toEqual({
      kind: 'wrong',
      reason: 'its proof is too large',
    });
    expect(fetched).toEqual([]);
  });

  it('whose proof its worker does not serve says nothing about the proof', async () => {
    served = () => Promise.reject(new TesseraError('ARTIFACT_MISSING', { message: 'nobody has it' }));
    const named = submission(0, new Uint8Array(10));
    await expect(judge.judgeSubmission(named, source, signal)).rejects.toMatchObject({
      code: 'ARTIFACT_MISSING',
    });
  });
});
