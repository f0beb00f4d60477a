import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEther, sha256, zeroAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../contracts/deploy.ts';
import { groth16Job, type RealJob } from '../../contracts/testing/real-jobs.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import { ArtifactCache } from '../artifacts/cache.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import type { Prover } from '../provers/prover.ts';
import { Chain } from './chain-client.ts';
import { type DeployedMarket, deployedMarket } from './deployment.ts';
import { developmentAccount, type EmbeddedChain, openEmbeddedChain } from './embedded-chain.ts';
import { type ChainJob, checkJob, coinToken, makeJob } from './job.ts';
import { Market } from './market.ts';
import { registerModel } from './model-registration.ts';
import { encodeProofArtifact } from './proof-artifact.ts';

const setupTimeout = 300_000;
const reward = parseEther('1');

let directory: string;
let embedded: EmbeddedChain;
let prover: Prover;
let real: RealJob;
let deployed: DeployedMarket;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-chain-'));
  const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory });
  real = await groth16Job(prover);
  embedded = await openEmbeddedChain(join(directory, 'chain'));
  const deployer = await Chain.connect({ urls: [embedded.url], account: developmentAccount(0) });
  deployed = deployedMarket(await deploy({ chain: deployer }));
}, setupTimeout);

afterAll(async () => {
  await prover?.close();
  await embedded?.close();
  await rm(directory, { recursive: true, force: true });
});

async function marketOf(account: number): Promise<Market> {
  const chain = await Chain.connect({ urls: [embedded.url], account: developmentAccount(account) });
  return new Market(chain, deployed.addresses);
}

function certificateOf({ manifest, verifyingData }: RealJob) {
  return { manifest, artifacts: new Map(verifyingData.map((bytes) => [sha256Hex(bytes), bytes])) };
}

async function postedJob(requester: Market, nonce: bigint, optimistic: boolean): Promise<ChainJob> {
  const job = makeJob(real.manifest, real.commitments, {
    requester: requester.chain.address.slice(2).toLowerCase(),
    nonce,
    offers: real.manifest.graph.segments.map(() => ({
      reward: 10n ** 18n,
      bond: 10n ** 16n,
      duration: 3600,
    })),
    token: coinToken,
    optimistic,
    window: optimistic ? 3600n : 0n,
    expiry: (await requester.chain.now()) + 86_400n,
  });
  await requester.post(job, reward * BigInt(job.offers.length));
  return job;
}

describe('a market on the embedded chain', () => {
  it('registers a model under the id that everybody computes, and only once', async () => {
    const { chain } = await marketOf(1);
    const first = await registerModel(certificateOf(real), chain, deployed);
    expect(first).toMatchObject({ known: false });
    expect(first.transactions.map(({ step }) => step)).toEqual([
      ...real.manifest.circuits.map((_, index) => `Registering circuit ${index}`),
      'Registering the model',
    ]);
    expect(await registerModel(certificateOf(real), chain, deployed)).toEqual({
      model: first.model,
      known: true,
      transactions: [],
    });
  });

  it('verifies and pays every segment at once', async () => {
    const [requester, worker] = await Promise.all([marketOf(1), marketOf(2)]);
    const job = await postedJob(requester, 0n, false);
    const id = await checkJob(job, worker.place);
    await worker.deposit(parseEther('1'));
    for (const segment of job.offers.keys()) {
      await worker.claim(job, segment);
      expect(await worker.isVerified(job.terms)).toBe(false);
      await worker.prove(job, segment, await real.prove(segment, worker.contextOf(id, segment)));
    }
    expect(await worker.isVerified(job.terms)).toBe(true);
    const me = worker.chain.address;
    expect(await worker.owed(me, zeroAddress)).toBe(reward * BigInt(job.offers.length));
    const before = await worker.chain.client.getBalance({ address: me });
    await worker.withdraw(zeroAddress, me);
    expect((await worker.chain.client.getBalance({ address: me })) - before).toBeGreaterThan(9n * 10n ** 17n);
  });

  it('lets a submission be challenged and defended', async () => {
    const [requester, worker, watcher] = await Promise.all([marketOf(1), marketOf(2), marketOf(3)]);
    const job = await postedJob(requester, 1n, true);
    const id = await checkJob(job, worker.place);
    await worker.claim(job, 0);
    const artifact = encodeProofArtifact(await real.prove(0, worker.contextOf(id, 0)));
    await worker.submit(job, 0, sha256(artifact).slice(2));
    await watcher.challenge(job, 0);
    await worker.defend(job, 0, artifact);
    expect((await worker.segment(id, 0)).state).toBe('verified');
  });

  it('sends nothing that a simulation says will revert', async () => {
    const stranger = await marketOf(4);
    const job = await postedJob(await marketOf(1), 2n, false);
    const me = stranger.chain.address;
    await expect(stranger.claim(job, 0)).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      message: expect.stringContaining('0 of the chain'),
      remedy: expect.stringContaining('--stake'),
      details: { error: 'StakeInsufficient' },
    });
    expect(await stranger.chain.client.getTransactionCount({ address: me })).toBe(0);
  });
});
