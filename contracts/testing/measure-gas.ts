/** What the contracts cost, measured on a chain of its own with real proofs. */
import { type Hex, hexToBytes, parseEther, toHex, zeroAddress } from 'viem';
import { circuitLeaf } from '../../protocol/ids.ts';
import { deploy } from '../deploy.ts';
import type { Anvil } from './anvil.ts';
import { postLargeJob } from './large-job.ts';
import { MarketUser, type SentTransaction } from './market-user.ts';
import type { ezklJob, RealJob } from './real-jobs.ts';

/** What is measured, and what it may cost at most where that was settled beforehand. */
export const gasMarks = {
  'deploying everything': undefined,
  'registering a circuit of ezkl': undefined,
  'registering a model of 8 segments, its circuits registered': undefined,
  'registering a model of 8 segments and its three circuits': undefined,
  'posting a job of 1 segment': 250_000,
  'posting a job of 8 segments': 250_000,
  'posting a job of 65,536 segments': 250_000,
  'a claim of one of 8 segments': 110_000,
  'a claim of one of 65,536 segments': 110_000,
  'an optimistic submission': 120_000,
  'an eager proof of ezkl, two committed edges': 850_000,
  'an eager proof of Groth16, two committed edges': 350_000,
  'an eager proof of Groth16, first payment to an account': 350_000,
  'an eager proof of Groth16, last of its job': 350_000,
  'an eager proof of Groth16, first payment and last of its job': 350_000,
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

/** What one figure's transaction took. */
export interface GasSample {
  gas: number;
  /** The transaction as it was sent; none where the figure is a sum of several. */
  transaction?: Uint8Array;
  /** Its payload. */
  calldata?: Uint8Array;
}

/** Measures every figure; the chain is changed, and its time moved. */
export async function measureGas(anvil: Anvil, jobs: GasJobs): Promise<Record<GasFigure, GasSample>> {
  const ezkl = { runtime: jobs.ezkl.runtime, srs: [jobs.ezkl.srs] };
  let deployed = 0;
  const deployment = await deploy({
    chain: await anvil.chain(0),
    ezkl,
    onProgress: ({ gas }) => {
      deployed += gas;
    },
  });
  const [requester, worker, watcher, newcomer] = await Promise.all([
    MarketUser.open(anvil, 1, deployment),
    MarketUser.open(anvil, 2, deployment),
    MarketUser.open(anvil, 3, deployment),
    MarketUser.open(anvil, 4, deployment),
  ]);
  for (const user of [worker, newcomer]) await user.enrol(parseEther('5'));
  const users = { requester, worker, watcher, newcomer };
  return {
    'deploying everything': { gas: deployed },
    ...(await ezklFigures(jobs.ezkl, users)),
    ...(await sizeFigures(jobs.ezkl, users)),
    ...(await groth16Figures(jobs.groth16, users)),
  };
}

interface Users {
  requester: MarketUser;
  worker: MarketUser;
  watcher: MarketUser;
  /** Staked, and never paid before. */
  newcomer: MarketUser;
}

const sampleOf = ({ gasUsed, serialised, calldata }: SentTransaction): GasSample => ({
  gas: Number(gasUsed),
  transaction: hexToBytes(serialised),
  calldata: hexToBytes(calldata),
});
const sample = async (sent: Promise<SentTransaction>) => sampleOf(await sent);

async function ezklFigures(job: RealJob, { requester, worker, watcher }: Users) {
  const registrations = await requester.registerModel(job);
  const [, circuit, model] = [registrations[0], registrations[1], registrations.at(-1)];
  if (circuit === undefined || model === undefined) throw new Error('a model has circuits');
  const { job: posted, receipt } = await requester.post(job, true);
  await worker.claim(posted, 1);
  const claim = await sample(worker.claim(posted, 2));
  await worker.claim(posted, 3);
  const proof = await job.prove(2, 0n);
  const eager = await sample(worker.prove(posted, 1, await job.prove(1, 0n)));
  const submission = await sample(worker.submit(posted, 2, proof));
  await worker.submit(posted, 3, proof);
  await worker.claim(posted, 4);
  await worker.submit(posted, 4, proof);
  const challenge = await sample(watcher.challenge(posted, 2));
  const defence = await sample(worker.defend(posted, 2, proof));
  await watcher.challenge(posted, 3);
  await worker.pass(3601);
  return {
    'registering a circuit of ezkl': sampleOf(circuit),
    'registering a model of 8 segments, its circuits registered': sampleOf(model),
    'registering a model of 8 segments and its three circuits': {
      gas: registrations.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0),
    },
    'posting a job of 8 segments': sampleOf(receipt),
    'a claim of one of 8 segments': claim,
    'an optimistic submission': submission,
    'an eager proof of ezkl, two committed edges': eager,
    'a settlement': await sample(watcher.end('settle', posted, 4)),
    'a challenge': challenge,
    'a defence, ezkl': defence,
    'a rejection': await sample(watcher.end('reject', posted, 3)),
    'a withdrawal': await sample(withdraw(worker)),
  };
}

async function sizeFigures({ manifest }: RealJob, { requester, worker }: Users) {
  const circuits = manifest.circuits.map((circuit) => toHex(circuitLeaf(circuit)));
  const srs = manifest.srs.map((id): Hex => `0x${id}`);
  const one = await postLargeJob(requester, worker, { segments: 1, circuits, srs });
  const many = await postLargeJob(requester, worker, { segments: 65_536, circuits, srs });
  return {
    'posting a job of 1 segment': sampleOf(one.post),
    'posting a job of 65,536 segments': sampleOf(many.post),
    'a claim of one of 65,536 segments': sampleOf(many.claim),
  };
}

async function groth16Figures(job: RealJob, { requester, worker, newcomer }: Users) {
  // Of a model of its own each time: the proof that completes a job pays for its statement once.
  const prove = async (version: string, provers: readonly [MarketUser, MarketUser]) => {
    const recipe = { ...job.manifest.recipe, version };
    const own = { ...job, manifest: { ...job.manifest, recipe } };
    await requester.registerModel(own);
    const { job: posted } = await requester.post(own, false);
    const samples: GasSample[] = [];
    for (const [segment, prover] of provers.entries()) {
      await prover.claim(posted, segment);
      const proof = await job.prove(segment, prover.context(posted, segment));
      samples.push(await sample(prover.prove(posted, segment, proof)));
    }
    return samples as [GasSample, GasSample];
  };
  // The worker was paid out just before.
  const [first, last] = await prove('1', [worker, worker]);
  const [typical, both] = await prove('2', [worker, newcomer]);
  return {
    'an eager proof of Groth16, two committed edges': typical,
    'an eager proof of Groth16, first payment to an account': first,
    'an eager proof of Groth16, last of its job': last,
    'an eager proof of Groth16, first payment and last of its job': both,
  };
}

function withdraw(user: MarketUser): Promise<SentTransaction> {
  return user.send('Market', 'withdraw', [zeroAddress, user.address]);
}
