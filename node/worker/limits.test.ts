import { describe, expect, it } from 'vitest';
import type { Assignment, Offer } from '../../protocol/messages/index.ts';
import { objectionTo, type Room, type WorkerLimits } from './limits.ts';

const [requester, stranger] = ['aa'.repeat(32), 'bb'.repeat(32)];
const limits: WorkerLimits = {
  memory: 100,
  parallel: 2,
  disk: 50,
  requesters: new Set([requester]),
  price: 5n,
};
const room: Room = {
  ...{ limits, provers: new Set(['groth16']), freeDisk: 50 },
  ...{ held: 0, own: 0, share: (places) => places },
};
const need = { prover: 'groth16', adapter: 'groth16/bn254', segments: 1, units: 1, memory: 100 };

const head = { sender: requester, issued: 1_000, expires: 2_000, job: '11'.repeat(32) };
const digest = '22'.repeat(32);
const offer: Offer = {
  ...head,
  kind: 'offer',
  nonce: digest,
  manifest: digest,
  commitments: digest,
  access: 'open',
  needs: [need],
  price: 5n,
  deadline: 2_000,
  addresses: [],
};
const assignment: Assignment = {
  ...head,
  kind: 'assignment',
  segment: 0,
  worker: digest,
  manifest: digest,
  commitments: digest,
  bid: digest,
  attempt: 0,
  artifacts: {},
  inputs: [],
  price: 5n,
  deadline: 1_500,
};

interface Case {
  assignment?: Partial<Assignment>;
  offer?: Partial<Offer>;
  room?: Partial<Room>;
  limits?: Partial<WorkerLimits>;
}

const judge = (one: Case) =>
  objectionTo(
    { ...assignment, ...one.assignment },
    { ...offer, ...one.offer },
    { ...room, ...one.room, limits: { ...limits, ...one.limits } },
  );

describe('a worker', () => {
  it('takes what is at every limit and above none', () => {
    expect(judge({ room: { held: 2 } })).toBeUndefined();
  });

  it.each<[string, RegExp, Case]>([
    ['requester', /does not work for that requester/, { assignment: { sender: stranger } }],
    ['price', /at least 5 .*, not 4/, { assignment: { price: 4n } }],
    ['deadline', /is over when it is given/, { assignment: { deadline: 1_000 } }],
    ['prover', /has groth16/, { offer: { needs: [{ ...need, prover: 'ezkl' }] } }],
    ['prover', /no prover/, { room: { provers: new Set() } }],
    ['memory', /at most 100 bytes, not 101/, { offer: { needs: [{ ...need, memory: 101 }] } }],
    ['disk', /at least 50 bytes are to be free, not 49/, { room: { freeDisk: 49 } }],
    ['busy', /3 segments of 2 at once/, { room: { held: 3 } }],
    ['busy', /others wait, and it has 1/, { room: { held: 1, own: 1, share: (places) => places - 2 } }],
  ])('refuses what is against its limit: %s', (reason, detail, one) => {
    expect(judge(one)).toEqual({ reason, detail: expect.stringMatching(detail) });
  });

  it('works for everybody where it names no requester', () => {
    expect(judge({ assignment: { sender: stranger }, limits: { requesters: new Set() } })).toBeUndefined();
  });

  it('takes a job of which it can prove some segments', () => {
    const [large, foreign] = [
      { ...need, memory: 1_000 },
      { ...need, prover: 'ezkl' },
    ];
    expect(judge({ offer: { needs: [large, foreign, need] } })).toBeUndefined();
  });
});
