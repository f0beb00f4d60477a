import { parseEther, sha256, zeroAddress } from 'viem';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { earningsOf } from './earnings.ts';
import type { ChainJob } from './job.ts';
import { listJobs } from './job-list.ts';
import type { Market } from './market.ts';
import { encodeProofArtifact } from './proof-artifact.ts';
import { escrowOf, RealMarket, usualOffer } from './testing/real-market.ts';

const setupTimeout = 300_000;

/** How many jobs meet which end; 200 in all. */
const plan = {
  proven: 3,
  settled: 6,
  defended: 1,
  rejected: 2,
  abandoned: 20,
  expired: 48,
  cancelled: 60,
  forgotten: 60,
} as const;
type Fate = keyof typeof plan;

const deposit = parseEther('10');
const burnAddress = '0x000000000000000000000000000000000000dEaD';

let real: RealMarket;
let requesters: Market[];
let workers: Market[];
let watcher: Market;

beforeAll(async () => {
  real = await RealMarket.open();
  const marketOf = (account: number) => real.marketOf(account, { pace: { pollInterval: 5 } });
  requesters = await Promise.all([1, 2, 3].map(marketOf));
  workers = await Promise.all([4, 5, 6, 7].map(marketOf));
  watcher = await marketOf(8);
  await Promise.all(workers.map((worker) => worker.deposit(deposit)));
}, setupTimeout);

afterAll(() => real?.close());

interface Task {
  fate: Fate;
  job: ChainJob;
  requester: Market;
  worker: Market;
}

const turn = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** All jobs, their fates mixed, each with its own requester and worker. */
async function tasks(): Promise<Task[]> {
  const fates = (Object.keys(plan) as Fate[]).flatMap((fate) => Array<Fate>(plan[fate]).fill(fate));
  // 200 and 37 have no common divisor: every fate comes once.
  return Promise.all(
    fates.map(async (_, index) => {
      const fate = turn(fates, index * 37);
      const requester = turn(requesters, index);
      const optimistic = ['settled', 'defended', 'rejected'].includes(fate);
      const job = await real.jobFor(
        requester.chain.address,
        { optimistic },
        { ...usualOffer, duration: 1800 },
      );
      return { fate, job, requester, worker: turn(workers, index) };
    }),
  );
}

/** Does something for each task of some fates, all accounts at once. */
async function each(
  all: readonly Task[],
  fates: readonly Fate[],
  step: (task: Task) => Promise<unknown>,
): Promise<void> {
  await Promise.all(all.filter(({ fate }) => fates.includes(fate)).map(step));
}

const balance = (address: `0x${string}`) => real.client.getBalance({ address });

async function submitHash({ job, worker }: Task, artifact: `0x${string}`): Promise<void> {
  await worker.submit(job, 0, sha256(artifact).slice(2));
}

it('200 jobs open at once meet every end there is, and no coin is made or lost', async () => {
  const all = await tasks();
  expect(all).toHaveLength(200);
  await Promise.all(all.map(({ requester, job }) => requester.post(job, escrowOf(job))));
  const open = await listJobs(watcher, real.deployed.since);
  expect(open.filter(({ closed, available }) => !closed && available > 0n)).toHaveLength(200);

  await each(
    all,
    ['proven', 'settled', 'defended', 'rejected', 'abandoned', 'expired'],
    async ({ job, worker }) => worker.claim(job, 0),
  );
  await each(all, ['cancelled'], ({ requester, job }) => requester.close(job));
  await each(all, ['abandoned'], ({ worker, job }) => worker.end('abandon', job, 0));
  await each(all, ['proven'], async ({ worker, job }) => {
    await worker.prove(job, 0, await real.prove(worker, job, 0));
    await worker.claim(job, 1);
    await worker.prove(job, 1, await real.prove(worker, job, 1));
  });
  const artifacts = new Map<ChainJob, `0x${string}`>();
  await each(all, ['settled', 'defended', 'rejected'], async (task) => {
    const artifact = encodeProofArtifact(await real.prove(task.worker, task.job, 0));
    artifacts.set(task.job, artifact);
    await submitHash(task, artifact);
  });
  const before = await balance(watcher.addresses.market);
  await each(all, ['defended', 'rejected'], ({ job }) => watcher.challenge(job, 0));
  const challenges = (await balance(watcher.addresses.market)) - before;
  await each(all, ['defended'], ({ job, worker }) => worker.defend(job, 0, artifacts.get(job) ?? '0x'));

  await real.pass(3700);
  await each(all, ['settled'], ({ job, worker }) => worker.end('settle', job, 0));
  await each(all, ['rejected'], ({ job }) => watcher.end('reject', job, 0));
  await each(all, ['expired'], ({ job }) => watcher.end('expire', job, 0));
  const states = await Promise.all(
    all.map(async ({ fate, job }) => [fate, (await watcher.segment(watcher.idOf(job.terms), 0)).state]),
  );
  const ends: Record<Fate, string> = {
    ...{ proven: 'verified', settled: 'settled', defended: 'verified' },
    ...{ rejected: 'open', abandoned: 'open', expired: 'open', cancelled: 'open', forgotten: 'open' },
  };
  expect(states).toEqual(all.map(({ fate }) => [fate, ends[fate]]));

  // After their expiry anybody may close what nobody cared for.
  await real.pass(86_400);
  await each(all, ['forgotten'], ({ job }) => watcher.close(job));
  await each(
    all,
    ['proven', 'settled', 'defended', 'rejected', 'abandoned', 'expired'],
    ({ job, requester }) => requester.close(job),
  );
  const closed = await listJobs(watcher, real.deployed.since);
  expect(closed.filter((job) => job.closed && job.available === 0n)).toHaveLength(200);

  const { market, nodes } = watcher.addresses;
  const paidIn =
    all.reduce((sum, { job }) => sum + escrowOf(job), 0n) + deposit * BigInt(workers.length) + challenges;
  const people = [...requesters, ...workers, watcher];
  const accounts = await Promise.all(
    people.map((each) => earningsOf(each, each.chain.address, real.deployed.since)),
  );
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
  const owed = sum(accounts.map((each) => each.owed[zeroAddress] ?? 0n));
  const staked = sum(accounts.map(({ stake }) => stake.amount));
  const burned = sum(accounts.map((each) => each.burned));
  expect(await balance(market)).toBe(owed);
  expect(await balance(nodes)).toBe(staked);
  expect(await balance(burnAddress)).toBe(burned);
  expect(owed + staked + burned).toBe(paidIn);
  expect(sum(accounts.map(({ stake }) => stake.locked))).toBe(0n);
  // Every missed or false claim costs at least three quarters of its bond, an abandoned one a quarter.
  const quarter = usualOffer.bond / 4n;
  expect(burned).toBeGreaterThanOrEqual(
    quarter * BigInt(3 * (plan.expired + plan.rejected) + plan.abandoned),
  );

  for (const user of people) {
    if ((await user.owed(user.chain.address, zeroAddress)) > 0n)
      await user.withdraw(zeroAddress, user.chain.address);
  }
  expect(await balance(market)).toBe(0n);
}, 180_000);
