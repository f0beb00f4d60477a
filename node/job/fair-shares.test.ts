import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WaitingPeers, WaitingProcesses } from './testing/waiting-peers.ts';

const processes = new WaitingProcesses();
let worker: WaitingPeers;

beforeAll(async () => {
  worker = await processes.start({ nodes: 1, worker: true, bootstrap: [] });
});
afterAll(() => processes.close());

/** A requester that knows the one worker. */
async function requester(): Promise<WaitingPeers> {
  const node = await processes.start({ nodes: 1, worker: false, bootstrap: worker.addresses });
  while ((await node.ask('measure', {})).bidders === 0) await sleep(100);
  return node;
}

/** Longer than any machine needs for the rest of its test. */
const long = { segments: 500, seconds: 1, input: 1 };

/** Has one node's long job begun and another job proven beside it; the long one must not have ended by then. */
async function proveBeside(busy: WaitingPeers, other: WaitingPeers): Promise<void> {
  const before = (await worker.ask('measure', {})).proofs;
  const first = busy.ask('prove', long);
  const cancelled = expect(first).rejects.toThrow('cancelled');
  while ((await worker.ask('measure', {})).proofs === before) await sleep(100);
  const second = other.ask('prove', { segments: 4, seconds: 1, input: 1_000 });
  const ended = await Promise.race([first.then(() => 'the long one'), second.then(() => 'the other one')]);
  expect(ended).toBe('the other one');
  await busy.ask('cancel', {});
  await cancelled;
}

describe('one worker', () => {
  it('is shared by the jobs of one requester: a long one does not keep another waiting until its end', async () => {
    const asking = await requester();
    await proveBeside(asking, asking);
  });

  it('is shared by requesters: the one that it works for does not keep it from another one', async () => {
    await proveBeside(await requester(), await requester());
  });
});
