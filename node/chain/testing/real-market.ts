import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, parseEther } from 'viem';
import { deploy } from '../../../contracts/deploy.ts';
import { type Anvil, type AnvilClient, anvilAccount, startAnvil } from '../../../contracts/testing/anvil.ts';
import { groth16Job, type RealJob } from '../../../contracts/testing/real-jobs.ts';
import type { Proof } from '../../../protocol/certificate.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import { contextOf, type SegmentOffer } from '../../../protocol/job-ids.ts';
import { ArtifactCache } from '../../artifacts/cache.ts';
import { createGroth16Prover } from '../../provers/groth16/prover.ts';
import { builtWorker } from '../../provers/groth16/testing/worker.ts';
import type { Prover } from '../../provers/prover.ts';
import { Chain, type ChainInit } from '../chain-client.ts';
import { type DeployedMarket, deployedMarket } from '../deployment.ts';
import { type ChainJob, coinToken, type JobChoices, makeJob } from '../job.ts';
import { Market } from '../market.ts';
import type { ClaimedWork } from '../market-worker.ts';
import { registerModel } from '../model-registration.ts';
import { boundaryOf } from './job-boundary.ts';

/** What a test's job pays and asks for, unless it says otherwise. */
export const usualOffer: SegmentOffer = {
  reward: parseEther('0.1'),
  bond: parseEther('0.02'),
  duration: 3600,
};

/** A chain of the test's own with the contracts, a registered model of two segments, and its real prover. */
export class RealMarket {
  readonly anvil: Anvil;
  readonly deployed: DeployedMarket;
  readonly directory: string;
  readonly #real: RealJob;
  readonly #prover: Prover;
  #nonce = 0n;

  private constructor(
    anvil: Anvil,
    deployed: DeployedMarket,
    directory: string,
    real: RealJob,
    prover: Prover,
  ) {
    this.anvil = anvil;
    this.deployed = deployed;
    this.directory = directory;
    this.#real = real;
    this.#prover = prover;
  }

  static async open(): Promise<RealMarket> {
    const directory = await mkdtemp(join(tmpdir(), 'tessera-real-market-'));
    await mkdir(join(directory, 'scratch'));
    const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
    const scratch = join(directory, 'scratch');
    const prover = createGroth16Prover({ worker: await builtWorker(), cache, directory: scratch });
    const real = await groth16Job(prover);
    const anvil = await startAnvil();
    const deployed = deployedMarket(await deploy({ chain: await anvil.chain(0) }));
    const opened = new RealMarket(anvil, deployed, directory, real, prover);
    const { chain } = await opened.marketOf(0);
    const artifacts = new Map(real.verifyingData.map((bytes) => [sha256Hex(bytes), bytes]));
    await registerModel({ manifest: real.manifest, artifacts }, chain, deployed);
    return opened;
  }

  async close(): Promise<void> {
    this.anvil.close();
    await this.#prover.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Segments of every job. */
  get segments(): number {
    return this.#real.manifest.graph.segments.length;
  }

  get client(): AnvilClient {
    return this.anvil.client(0);
  }

  async marketOf(
    account: number,
    { url = this.anvil.url, pace = {} }: { url?: string; pace?: NonNullable<ChainInit['pace']> } = {},
  ): Promise<Market> {
    const quick = { pollInterval: 20, ...pace };
    const chain = await Chain.connect({ urls: [url], account: anvilAccount(account), pace: quick });
    return new Market(chain, this.deployed.addresses);
  }

  /** A job that nobody has posted yet. */
  async jobFor(requester: Address, choices: Partial<JobChoices> = {}, offer = usualOffer): Promise<ChainJob> {
    const { timestamp } = await this.client.getBlock();
    const optimistic = choices.optimistic ?? false;
    return makeJob(this.#real.manifest, this.#real.commitments, {
      requester: requester.slice(2).toLowerCase(),
      nonce: this.#nonce++,
      offers: Array.from({ length: this.segments }, () => offer),
      token: coinToken,
      optimistic,
      window: optimistic ? 3600n : 0n,
      expiry: timestamp + 86_400n,
      ...choices,
    });
  }

  /** Posts a job with escrow for every segment. */
  async post(market: Market, choices: Partial<JobChoices> = {}, offer = usualOffer): Promise<ChainJob> {
    const job = await this.jobFor(market.chain.address, choices, offer);
    await market.post(job, escrowOf(job));
    return job;
  }

  /** A proof by this account. */
  prove(market: Market, job: ChainJob, segment: number, account = market.chain.address): Promise<Proof> {
    const prover = account.slice(2).toLowerCase();
    return this.#real.prove(segment, contextOf(market.place, market.idOf(job.terms), segment, prover));
  }

  /** A segment as a worker takes it. */
  work(job: ChainJob, segment: number): () => Promise<ClaimedWork> {
    return async () => ({
      expectedSeconds: 1,
      provesFirst: false,
      execute: async () => boundaryOf(job, segment),
      prove: (context) => this.#real.prove(segment, context),
      close: async () => undefined,
    });
  }

  /** Lets time pass on the chain. */
  async pass(seconds: number): Promise<void> {
    await this.client.increaseTime({ seconds });
    await this.client.mine({ blocks: 1 });
  }

  /** Replaces the newest blocks by empty ones, and forgets what was in them. */
  async reorganise(depth: number): Promise<void> {
    await this.client.request({ method: 'anvil_reorg' as never, params: [depth, []] as never });
    await this.client.request({ method: 'anvil_dropAllTransactions' as never });
  }
}

export const escrowOf = ({ offers }: ChainJob): bigint =>
  offers.reduce((sum, { reward }) => sum + reward, 0n);
