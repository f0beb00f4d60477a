import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEther } from 'viem';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deploy } from '../../contracts/deploy.ts';
import { ezklJob } from '../../contracts/testing/real-jobs.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import { describeWithEzkl, requireEzklPython } from '../../tests/support/ezkl-python.ts';
import { ArtifactCache } from '../artifacts/cache.ts';
import { createEzklProver, type EzklProver } from '../provers/ezkl/prover.ts';
import { developmentSrs } from '../provers/ezkl/srs.ts';
import { Chain } from './chain-client.ts';
import { ClaimGuard } from './claim-guard.ts';
import { type DeployedMarket, deployedMarket } from './deployment.ts';
import { developmentAccount, type EmbeddedChain, openEmbeddedChain } from './embedded-chain.ts';
import { jsonFile, proofDirectory } from './file-store.ts';
import { type ChainJob, coinToken, makeJob } from './job.ts';
import { Market } from './market.ts';
import { MarketWorker, type MarketWorkerInit } from './market-worker.ts';
import { registerModel } from './model-registration.ts';
import { boundaryOf } from './testing/job-boundary.ts';
import { watchSegment } from './watcher.ts';

describeWithEzkl('a submission of a proof of ezkl', () => {
  let directory: string;
  let prover: EzklProver;
  let real: Awaited<ReturnType<typeof ezklJob>>;
  let embedded: EmbeddedChain;
  let deployed: DeployedMarket;
  let job: ChainJob;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-chain-ezkl-'));
    await mkdir(join(directory, 'scratch'));
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 2e9 });
    const srs = developmentSrs(cache);
    prover = createEzklProver({
      python: requireEzklPython(),
      cache,
      srs,
      directory: join(directory, 'scratch'),
    });
    real = await ezklJob(prover, 3);
    embedded = await openEmbeddedChain(join(directory, 'chain'));
    const ezkl = { runtime: real.runtime, srs: [real.srs] };
    const deployer = await Chain.connect({ urls: [embedded.url], account: developmentAccount(0) });
    deployed = deployedMarket(await deploy({ chain: deployer, ezkl }));
    const requester = await marketOf(1);
    const artifacts = new Map(real.verifyingData.map((bytes) => [sha256Hex(bytes), bytes]));
    await registerModel({ manifest: real.manifest, artifacts }, requester.chain, deployed);
    job = makeJob(real.manifest, real.commitments, {
      requester: requester.chain.address.slice(2).toLowerCase(),
      nonce: 0n,
      offers: real.manifest.graph.segments.map(() => ({
        reward: parseEther('0.1'),
        bond: parseEther('0.02'),
        duration: 3_600,
      })),
      token: coinToken,
      optimistic: true,
      window: 3_600n,
      expiry: (await requester.chain.now()) + 86_400n,
    });
    await requester.post(job, parseEther('0.3'));
    await (await marketOf(2)).deposit(parseEther('1'));
  });

  afterAll(async () => {
    await prover?.close();
    await embedded?.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function marketOf(account: number): Promise<Market> {
    const chain = await Chain.connect({ urls: [embedded.url], account: developmentAccount(account) });
    return new Market(chain, deployed.addresses);
  }

  const proofs = () => proofDirectory(join(directory, 'proofs'));

  async function work(segment: number, submit: NonNullable<MarketWorkerInit['submit']>): Promise<string> {
    const guard = new ClaimGuard(jsonFile(join(directory, 'guard.json')));
    const worker = new MarketWorker({ market: await marketOf(2), proofs: proofs(), guard, submit });
    const { state } = await worker.work(job, segment, async () => ({
      expectedSeconds: 1,
      provesFirst: false,
      execute: async () => boundaryOf(job, segment),
      prove: (context) => real.prove(segment, context),
      close: async () => undefined,
    }));
    return state;
  }

  it('is verified by the contract at once, or by its hash held to the same', async () => {
    expect(await work(0, 'proof')).toBe('verified');
    const watcher = await marketOf(4);
    for (const segment of [1, 2]) {
      expect(await work(segment, 'hash')).toBe('submitted');
      expect(await watchSegment(watcher, job, segment, proofs())).toEqual({ verdict: 'holds' });
      await watcher.challenge(job, segment);
      expect(await work(segment, 'hash')).toBe('verified');
    }
    expect(await watcher.isVerified(job.terms)).toBe(true);
  });

  it('is refused by a watcher where it proves another segment', async () => {
    const [watcher, requester] = await Promise.all([marketOf(4), marketOf(1)]);
    const again = { ...job, terms: { ...job.terms, nonce: 1n } };
    await requester.post(again, parseEther('0.3'));
    const liar = await marketOf(2);
    await liar.claim(again, 1);
    const wrong = { get: async () => proofs().get(await digestOf(2)) };
    await liar.submit(again, 1, await digestOf(2));
    expect(await watchSegment(watcher, again, 1, wrong)).toMatchObject({ verdict: 'fails' });
    expect((await watcher.segment(watcher.idOf(again.terms), 1)).state).toBe('challenged');
  });

  /** Of what was submitted for a segment of the first job. */
  async function digestOf(segment: number): Promise<string> {
    const market = await marketOf(4);
    return (await market.segment(market.idOf(job.terms), segment)).proof.slice(2);
  }
});
