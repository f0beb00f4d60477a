/** What the contracts cost, measured on a chain of its own with real proofs. */
import { parseEther, type TransactionReceipt, zeroAddress } from 'viem';
import { deploy } from '../deploy.ts';
import { type Anvil, anvilAccount } from './anvil.ts';
import { MarketUser } from './market-user.ts';
import type { ezklJob, RealJob } from './real-jobs.ts';

/** What is measured, and what it may cost at most where that was settled beforehand. */
export const gasMarks = {
  'deploying everything': undefined,
  'registering a circuit of ezkl': undefined,
  'registering a model of 8 segments, its circuits registered': undefined,
  'posting a job': 250_000,
  'a claim': 110_000,
  'an optimistic submission': 120_000,
  'an eager proof of ezkl, two committed edges': 850_000,
  'an eager proof of Groth16, two committed edges': 350_000,
  'the same, first payment to an account': undefined,
  'the same, last of its job': undefined,
  'a settlement': undefined,
  'a challenge': undefined,
  'a defence, ezkl': undefined,
  'a rejection': undefined,
  'a withdrawal': undefined,
} as const;

export type GasFigure = keyof typeof gasMarks;

export interface GasJobs {
  /** Of 8 segments. */
  ezkl: Awaited<ReturnType<typeof ezklJob>>;
  /** Of two. */
  groth16: RealJob;
}

/** Measures every figure; the chain is changed, and its time moved. */
export async function measureGas(anvil: Anvil, jobs: GasJobs): Promise<Record<GasFigure, number>> {
  const ezkl = { runtime: jobs.ezkl.runtime, srs: [jobs.ezkl.srs] };
  let deployed = 0;
  const deployment = await deploy({
    url: anvil.url,
    account: anvilAccount(0),
    ezkl,
    onProgress: ({ gas }) => {
      deployed += gas;
    },
  });
  const requester = await MarketUser.open(anvil, 1, deployment);
  const worker = await MarketUser.open(anvil, 2, deployment);
  const watcher = await MarketUser.open(anvil, 3, deployment);
  await worker.enrol(parseEther('5'));
  return {
    'deploying everything': deployed,
    ...(await ezklFigures(jobs.ezkl, requester, worker, watcher)),
    ...(await groth16Figures(jobs.groth16, requester, worker)),
  };
}

const used = async (receipt: Promise<TransactionReceipt>) => Number((await receipt).gasUsed);

async function ezklFigures(job: RealJob, requester: MarketUser, worker: MarketUser, watcher: MarketUser) {
  const registrations = await requester.registerModel(job);
  const { job: posted, receipt } = await requester.post(job, true);
  await worker.claim(posted, 1);
  const claim = await used(worker.claim(posted, 2));
  await worker.claim(posted, 3);
  const proof = await job.prove(2, 0n);
  const eager = await used(worker.prove(posted, 1, await job.prove(1, 0n)));
  const submission = await used(worker.submit(posted, 2, proof));
  await worker.submit(posted, 3, proof);
  await worker.claim(posted, 4);
  await worker.submit(posted, 4, proof);
  const challenge = await used(watcher.challenge(posted, 2));
  const defence = await used(worker.defend(posted, 2, proof));
  await watcher.challenge(posted, 3);
  await worker.pass(3601);
  return {
    'registering a circuit of ezkl': Number(registrations[1]?.gasUsed),
    'registering a model of 8 segments, its circuits registered': Number(registrations.at(-1)?.gasUsed),
    'posting a job': Number(receipt.gasUsed),
    'a claim': claim,
    'an optimistic submission': submission,
    'an eager proof of ezkl, two committed edges': eager,
    'a settlement': await used(watcher.end('settle', posted, 4)),
    'a challenge': challenge,
    'a defence, ezkl': defence,
    'a rejection': await used(watcher.end('reject', posted, 3)),
    'a withdrawal': await used(withdraw(worker)),
  };
}

async function groth16Figures(job: RealJob, requester: MarketUser, worker: MarketUser) {
  await requester.registerModel(job);
  const prove = async (nonce: bigint, segments: readonly number[]) => {
    const { job: posted } = await requester.post(job, false, nonce);
    const figures: number[] = [];
    for (const segment of segments) {
      await worker.claim(posted, segment);
      const proof = await job.prove(segment, worker.context(posted, segment));
      figures.push(await used(worker.prove(posted, segment, proof)));
    }
    return figures;
  };
  // The account was paid out just before.
  const [first = 0, last = 0] = await prove(1n, [0, 1]);
  const [typical = 0] = await prove(2n, [0]);
  return {
    'an eager proof of Groth16, two committed edges': typical,
    'the same, first payment to an account': first,
    'the same, last of its job': last,
  };
}

function withdraw(user: MarketUser): Promise<TransactionReceipt> {
  return user.send('Market', 'withdraw', [zeroAddress, user.address]);
}
