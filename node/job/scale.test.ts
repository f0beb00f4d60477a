import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WaitingPeers, WaitingProcesses } from './testing/waiting-peers.ts';
import type { WaitingMeasurement } from './testing/waiting-process.ts';

const processes = new WaitingProcesses();
const workers = 8;
let requester: WaitingPeers;
let groups: readonly WaitingPeers[];

beforeAll(async () => {
  // However slow the machine is, nobody is to be given what another one has.
  const timings = { trial: 3_600_000, silence: 600_000 };
  requester = await processes.start({ nodes: 1, worker: false, bootstrap: [], timings });
  groups = await Promise.all(
    [0, 1].map(() => processes.start({ nodes: workers / 2, worker: true, bootstrap: requester.addresses })),
  );
  await until(async () => (await requester.ask('measure', {})).bidders === workers);
});
afterAll(() => processes.close());

/** The sum of a figure over all workers. */
async function sumOf(figure: keyof Pick<WaitingMeasurement, 'proofs' | 'stopped'>): Promise<number> {
  const measured = await Promise.all(groups.map((group) => group.ask('measure', {})));
  return measured.reduce((sum, one) => sum + one[figure], 0);
}

/** Ends with the test's time limit where it never comes true. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(100);
}

describe('many segments over many workers', () => {
  it('are each given out and proven once, by all workers, one at a time by each', async () => {
    const { assigned, accepted, reopened } = await requester.ask('prove', {
      segments: 60,
      seconds: 0.5,
      input: 1,
    });
    expect(reopened).toEqual({});
    expect(assigned).toBe(60);
    expect(await sumOf('proofs')).toBe(60);
    const measured = await Promise.all(groups.map((group) => group.ask('measure', {})));
    expect(measured.map(({ mostAtOnce }) => mostAtOnce)).toEqual([1, 1]);
    expect(Object.keys(accepted)).toHaveLength(workers);
    expect(Object.values(accepted).reduce((sum, count) => sum + count, 0)).toBe(60);
  });

  it('are no longer proven once the job is cancelled', async () => {
    const before = await sumOf('proofs');
    const stopped = await sumOf('stopped');
    const proving = requester.ask('prove', { segments: 20, seconds: 600, input: 2 });
    const outcome = expect(proving).rejects.toThrow('cancelled');
    await until(async () => (await sumOf('proofs')) >= before + workers);
    await requester.ask('cancel', {});
    await outcome;
    await until(async () => (await sumOf('stopped')) >= stopped + workers);
    expect(await sumOf('proofs')).toBe(before + workers);
  });
});
