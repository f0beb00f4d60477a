import { randomBytes } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import type { Assignment, Offer, RefusalReason, SignedMessage } from '../../../protocol/messages/index.ts';
import { WorkerLink } from './worker-link.ts';

const worker = bytesToHex(ed25519.getPublicKey(randomBytes(32)));
const signal = new AbortController().signal;
const message = (kind: string, more: object = {}) => ({ message: { kind, ...more } }) as SignedMessage;
const assignment = message('assignment') as SignedMessage<Assignment>;

/** A link to a worker that gives these answers to assignments, one after the other. */
function linkTo(...answers: (SignedMessage | undefined)[]) {
  const said: string[] = [];
  const link = new WorkerLink({
    directory: { sourceOf: () => ({ peer: 'p', addresses: [] }) },
    offer: () => message('offer') as SignedMessage<Offer>,
    requests: {
      request: async (_, request) => {
        said.push(request.message.kind);
        return request.message.kind === 'assignment' ? answers.shift() : undefined;
      },
    },
  });
  return { link, said };
}

const refusal = (reason: RefusalReason) => message('refusal', { reason });

test('a worker is told of the job once, before its first assignment', async () => {
  const { link, said } = linkTo(message('progress'), message('progress'));
  for (let i = 0; i < 2; i++) {
    expect(await link.assign(worker, assignment, signal)).toEqual({ kind: 'taken' });
  }
  expect(said).toEqual(['offer', 'assignment', 'assignment']);
});

test('one that has forgotten the job is told again; one that refuses this requester at once is believed', async () => {
  const { link, said } = linkTo(message('progress'), refusal('requester'), refusal('requester'));
  await link.assign(worker, assignment, signal);
  expect(await link.assign(worker, assignment, signal)).toEqual({ kind: 'unknown offer' });
  expect(await link.assign(worker, assignment, signal)).toMatchObject({ kind: 'refused' });
  expect(said).toEqual(['offer', 'assignment', 'assignment', 'offer', 'assignment']);
});

test('an assignment that is not answered, or answered by something else, is not taken', async () => {
  const { link } = linkTo(undefined, message('bid'));
  expect(await link.assign(worker, assignment, signal)).toEqual({ kind: 'no answer' });
  expect(await link.assign(worker, assignment, signal)).toEqual({ kind: 'no answer' });
});
