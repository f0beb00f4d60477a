import { bytesToHex, randomBytes } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../../protocol/edge.ts';
import {
  type Assignment,
  type Bid,
  jobId,
  type Message,
  type Offer,
  type WorkerProgress,
} from '../../../protocol/messages/index.ts';

const hex32 = (): Hex32 => bytesToHex(randomBytes(32));

/** A message lives for an hour at most. */
function headOf(sender: Hex32, issued = Date.now()) {
  return { sender, issued, expires: issued + 3_600_000 };
}

const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

/** A bid that beats every honest one: it says that it is a million times as fast, and free. */
export function attackingBid(sender: Hex32, sequence: number, issued?: number): Bid {
  return {
    kind: 'bid',
    ...headOf(sender, issued),
    sequence,
    cores: 64,
    memory: 2 ** 40,
    gpus: [],
    provers: [{ name: 'groth16', unitsPerSecond: 1e12 }],
    slots: { total: 65_536, free: 65_536 },
    price: 0n,
    addresses: ['/ip4/127.0.0.1/tcp/1'],
  };
}

/** An offer of a job that does not exist, of nearly the greatest length. */
function offer(sender: Hex32, manifest = hex32(), nonce = hex32()): Offer {
  const need = { prover: 'groth16', adapter: 'a'.repeat(100), segments: 65_536, units: 1, memory: 1 };
  return {
    kind: 'offer',
    ...headOf(sender),
    job: jobId(sender, manifest, nonce),
    nonce,
    manifest,
    commitments: hex32(),
    access: 'open',
    needs: Array.from({ length: 200 }, () => need),
    price: 2n ** 64n,
    deadline: Date.now() + 3_600_000,
    addresses: Array.from({ length: 16 }, () => '/ip4/127.0.0.1/tcp/1'),
  };
}

/** What it says to everybody. */
export function gossipOf(sender: Hex32, turn: number): Message {
  if (turn % 3 !== 0) return offer(sender);
  return { kind: 'cancellation', ...headOf(sender), job: hex32(), reason: 'withdrawn' };
}

/** A segment of which nothing can be had, of the job that the sender has offered where it offers what it assigns. */
function assignment(sender: Hex32, worker: Hex32, turn: number): Assignment {
  return {
    kind: 'assignment',
    ...headOf(sender),
    ...{ job: jobId(sender, sender, sender), manifest: sender, commitments: hex32(), segment: turn % 8 },
    ...{ worker, bid: hex32(), attempt: 0, price: 2n ** 64n, deadline: Date.now() + 3_600_000 },
    artifacts: Object.fromEntries(['manifest', 'commitments', 'segment', 'model'].map((role) => [role, cid])),
    inputs: [{ edge: 0, block: 0, cid }],
  };
}

/**
 * What it says to one: about segments that it was never given, and of such as nobody can prove.
 *
 * @param worker who is to prove them
 * @param isOffered whether it offers what it assigns
 */
export function requestOf(sender: Hex32, worker: Hex32, turn: number, isOffered: boolean): Message {
  const head = { ...headOf(sender), job: hex32(), segment: turn % 8, assignment: hex32() };
  const requests: Message[] = [
    { kind: 'progress', ...head, stage: 'proving', done: 0, remaining: 1 },
    { kind: 'submission', ...head, proof: cid, size: 2 ** 40 },
    { kind: 'refusal', ...head, reason: 'busy', detail: '' },
    { kind: 'edge-mismatch', ...head, edge: 0, block: 0, committed: hex32(), computed: hex32() },
    offer(sender),
    isOffered ? offer(sender, sender, sender) : offer(sender),
    assignment(sender, worker, turn),
  ];
  return requests[turn % requests.length] as Message;
}

/** Takes an assignment. */
export function answerOf(sender: Hex32, assignment: Hex32, { job, segment }: Assignment): WorkerProgress {
  return {
    kind: 'progress',
    ...headOf(sender),
    job,
    segment,
    assignment,
    stage: 'queued',
    done: 0,
    remaining: 1,
  };
}
