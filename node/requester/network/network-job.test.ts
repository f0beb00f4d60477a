import { expect, it, vi } from 'vitest';
import type { Cancellation, SignedMessage } from '../../../protocol/messages/index.ts';
import { createLog } from '../../peer/log.ts';
import type { ClaimPolicy } from './claim-policy.ts';
import type { SegmentRecord } from './job-record.ts';
import { JobTurns } from './job-turns.ts';
import { NetworkJob, type NetworkJobComponents } from './network-job.ts';
import { WorkerDirectory } from './worker-directory.ts';

const [ann, ben, job] = ['aa', 'bb', '11'].map((byte) => byte.repeat(32)) as [string, string, string];

/** The first open segment for Ann, once; and all that are open for Ben, as soon as he is there. */
function policyOf(isThere: () => boolean): ClaimPolicy {
  return {
    obstacles: () => new Map(),
    decide: (open) => {
      const [first] = open;
      if (first?.given === undefined && first !== undefined)
        return [{ segment: first.segment, worker: ann, expectedSeconds: 1 }];
      if (!isThere()) return [];
      return open.map(({ segment }) => ({ segment, worker: ben, expectedSeconds: 1 }));
    },
  };
}

it('gives nothing out while it is withdrawn', async () => {
  const assigned: string[] = [];
  const cancelled: string[] = [];
  const kept = new Map<number, SegmentRecord>();
  const slow = Promise.withResolvers<void>();
  const aborting = new AbortController();
  let isWithdrawn = false;
  const turns = new JobTurns();
  const bid = { id: '', message: {} };
  const components = {
    signer: {
      sign: (message: object) => ({ id: `${assigned.length}`, message, bytes: new Uint8Array() }),
      now: () => 0,
    },
    directory: Object.assign(new WorkerDirectory({} as never), {
      find: () => ({ bid }),
      candidates: () => [],
    }),
    turns,
    policy: policyOf(() => aborting.signal.aborted),
    link: {
      tell: async () => {},
      assign: async (worker: string) => {
        assigned.push(worker);
        return { kind: 'taken' };
      },
      cancel: async (worker: string) => {
        cancelled.push(worker);
        await slow.promise;
      },
    },
    proofs: {},
    edges: {},
    record: {
      segments: kept,
      save: async (segment: number, record: SegmentRecord) => void kept.set(segment, record),
      withdraw: async () => {
        isWithdrawn = true;
      },
    },
    reach: () => ({ peers: 1, bootstrap: [] }),
    onAlone: () => {},
    sayOffer: async () => {},
    announce: async (_: SignedMessage<Cancellation>) => {},
    log: createLog('silent', process.stderr),
  } as unknown as NetworkJobComponents;
  const needs = ['one', 'two'].map((id) => ({ id, prover: 'any', units: 1, memory: 1 }));
  const segments = needs.map(() => ({ artifacts: {}, inputs: [] }));
  const offer = () => ({ message: { job } }) as never;
  const run = new NetworkJob(
    { id: job, offer, published: { segments }, needs, timings: { patience: 60_000 } },
    components,
  );
  const result = run.run(aborting.signal).catch((error: unknown) => error);
  await vi.waitFor(() => expect(assigned).toEqual([ann]));

  aborting.abort();
  await vi.waitFor(() => expect(cancelled).toEqual([ann]));
  turns.poke();
  // Longer than two turns are apart.
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(assigned).toEqual([ann]);
  expect(run.held).toBe(0);

  slow.resolve();
  expect(await result).toMatchObject({ code: 'ABORTED' });
  expect(isWithdrawn).toBe(true);
});
