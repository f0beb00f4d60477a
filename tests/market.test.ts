import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTestClient,
  type Hex,
  http,
  isAddressEqual,
  parseEther,
  parseTransaction,
  sha256,
  toBytes,
  zeroAddress,
} from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy, writeDeployment } from '../contracts/deploy.ts';
import { Chain } from '../node/chain/chain-client.ts';
import { chainDirectory } from '../node/chain/chain-directory.ts';
import { deployedMarket } from '../node/chain/deployment.ts';
import { earningsOf } from '../node/chain/earnings.ts';
import { developmentAccount, type EmbeddedChain, openEmbeddedChain } from '../node/chain/embedded-chain.ts';
import type { ChainJob } from '../node/chain/job.ts';
import { listJobs } from '../node/chain/job-list.ts';
import { loadPostedJobRecord } from '../node/chain/job-record.ts';
import { Market } from '../node/chain/market.ts';
import { listNodes } from '../node/chain/node-list.ts';
import { ForwardingEndpoint, type RpcRequest } from '../node/chain/testing/forwarding-endpoint.ts';
import { encodeModel } from '../node/model/onnx/encode.ts';
import { builtWorker } from '../node/provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../node/provers/groth16/verifier/index.ts';
import { dataDirectory } from '../node/setup/index.ts';
import { decodeCertificate } from '../protocol/certificate-codec.ts';
import { checkCertificate } from '../protocol/check.ts';
import { branchingModel } from './support/branching-model.ts';
import { type MarketNode, MarketNodes } from './support/market-nodes.ts';
import { image } from './support/proving.ts';

let directory: string;
let embedded: EmbeddedChain;
let nodes: MarketNodes;
let groth16: string;
/** Of the contracts' deployment. */
let file: string;
let requester: string;
let deployed: ReturnType<typeof deployedMarket>;
let model: string;
let input: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-market-chain-'));
  groth16 = await builtWorker();
  embedded = await openEmbeddedChain(join(directory, 'chain'));
  const deployer = await Chain.connect({ urls: [embedded.url], account: developmentAccount(0) });
  const deployment = await deploy({ chain: deployer });
  deployed = deployedMarket(deployment);
  file = join(directory, 'deployment.json');
  await writeDeployment(file, deployment);
  nodes = new MarketNodes({ url: embedded.url, deployment: file }, groth16);
  requester = await nodes.home();
  model = join(directory, 'model.onnx');
  input = join(directory, 'input.json');
  await writeFile(model, await encodeModel(branchingModel()));
  await writeFile(input, JSON.stringify({ image: image(36) }));
});

afterAll(async () => {
  await nodes?.close();
  await embedded?.close();
  await rm(directory, { recursive: true, force: true });
});

async function marketOf(account: number): Promise<Market> {
  const chain = await Chain.connect({ urls: [embedded.url], account: developmentAccount(account) });
  return new Market(chain, deployed.addresses);
}

/** What posts a job and waits until its peers have proven it. */
function proving(known: readonly MarketNode[], out: string, ...args: string[]): string[] {
  const bootstrap = known.flatMap(({ addresses }) => [...addresses]);
  return [
    ...['prove', model, '--input', input, '--by', 'cuts=trunk,joined', '--prover', 'groth16', '--out', out],
    ...['--chain', '--network', '--account', '1', '--bootstrap', ...bootstrap, '--json', ...args],
  ];
}

async function prove(known: readonly MarketNode[], out: string, ...args: string[]) {
  const { status, stdout, stderr } = await nodes.run(requester, proving(known, out, ...args));
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as {
    id: string;
    verified: boolean;
    segments: { state: string; claimant: string }[];
  };
}

const check = async (out: string, chain?: { job: string }) => {
  const certificate = decodeCertificate(new Uint8Array(await readFile(out)));
  const bound =
    chain === undefined ? certificate : { ...certificate, chain: { ...certificate.chain, ...chain } };
  return checkCertificate(bound as typeof certificate, {
    verifiers: [createGroth16Verifier()],
    allowDevelopment: true,
  });
};

describe('a job that one process posts', () => {
  it('is claimed and proven by two others, and its certificate is of these very proofs', async () => {
    const first = await nodes.start(2, { args: ['--register'] });
    const second = await nodes.start(3, { known: [first] });
    const registered = await listNodes(await marketOf(1), deployed.since);
    expect(registered.nodes.map(({ account }) => account)).toEqual([developmentAccount(2).address]);
    expect([...(registered.nodes[0]?.capabilities?.speeds.keys() ?? [])]).toEqual(['groth16']);
    const out = join(directory, 'eager.cert');
    const report = await prove([first, second], out);
    expect(report.verified).toBe(true);
    expect(report.segments.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified']);
    expect(await check(out)).toMatchObject({ valid: true });
    // What the proofs are bound to is part of what is checked.
    expect(await check(out, { job: '0'.repeat(64) })).toMatchObject({ valid: false });
    const verified = await nodes.run(requester, ['verify', out, '--allow-development', '--chain', '--json']);
    expect(JSON.parse(verified.stdout).chain).toMatchObject({ verified: true });
    await Promise.all([first, second].map((node) => node.kill()));
    for (const account of [2, 3]) {
      const market = await marketOf(account);
      expect(await market.stake(market.chain.address)).toMatchObject({ amount: parseEther('2'), locked: 0n });
    }
  });
});

/** Whether a request brings a job's posting to the chain. */
function isPosting({ method, params }: RpcRequest): boolean {
  if (method !== 'eth_sendRawTransaction') return false;
  const { to } = parseTransaction(params?.[0] as Hex);
  return isAddressEqual(to ?? zeroAddress, deployed.addresses.market);
}

describe('a requester that is killed', { timeout: 900_000 }, () => {
  it('goes on with its job, posted and paid for once', async () => {
    const worker = await nodes.start(2);
    const market = await marketOf(1);
    const posted = async () => (await listJobs(market, deployed.since)).map(({ id }) => id);
    const before = await posted();
    // What becomes of the posting's transaction: the chain never hears of it, or nobody hears that the chain has it.
    let passesOn = false;
    let moment = Promise.withResolvers<void>();
    const endpoint = await ForwardingEndpoint.start(embedded.url, async (request, forward) => {
      if (!isPosting(request)) return undefined;
      if (passesOn) await forward();
      moment.resolve();
      return new Promise(() => undefined);
    });
    const observed = new MarketNodes({ url: endpoint.url, deployment: file }, groth16);
    const home = await observed.home();
    const out = join(directory, 'killed.cert');
    try {
      await observed.runUntil(home, proving([worker], out), moment.promise);
      expect(await posted()).toEqual(before);
      passesOn = true;
      moment = Promise.withResolvers();
      await observed.runUntil(home, proving([worker], out), moment.promise);
      const [id, ...others] = (await posted()).slice(before.length);
      expect(others).toEqual([]);
      await nodes.runUntil(home, proving([worker], out), `job ${id} was posted before`);
      const { status, stdout, stderr } = await nodes.run(home, proving([worker], out));
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ id, verified: true });
      expect(await check(out)).toMatchObject({ valid: true });
      expect(await posted()).toEqual([...before, id]);
    } finally {
      await endpoint.close();
      await observed.close();
      await worker.kill();
    }
  });
});

const windowSeconds = 3_600;

/** Lets the chain's time pass. */
async function pass(seconds: number): Promise<void> {
  const client = createTestClient({ mode: 'anvil', transport: http(embedded.url) });
  await client.increaseTime({ seconds });
  await client.mine({ blocks: 1 });
}

async function untilState(market: Market, job: string, segment: number, state: string): Promise<void> {
  while ((await market.segment(job, segment)).state !== state) await sleep(200);
}

describe('an optimistic job', () => {
  it('is gone on with by a worker that is killed after its claim, and after its submission', async () => {
    const home = await nodes.home();
    const killed = await nodes.start(2, { home });
    const out = join(directory, 'optimistic.cert');
    const proven = prove([killed], out, '--optimistic', '--window', String(windowSeconds));
    proven.catch(() => undefined);
    await killed.logged('segment: claimed');
    await killed.kill();
    // The requester dials nobody but whom it was told of: the node comes back where it was.
    const listen = ['--listen', killed.addresses[0]?.replace(/\/p2p\/.*/, '') ?? ''];
    const again = await nodes.start(2, { home, args: listen });
    await again.logged('segment: submitted');
    const { id, segments } = await proven;
    expect(await check(out)).toMatchObject({ valid: true });
    expect(segments.map(({ state }) => state)).toEqual(['submitted', 'submitted', 'submitted']);
    await again.kill();

    const last = await nodes.start(2, { home });
    const challenger = await marketOf(4);
    const job = await jobOf(requester, id);
    await challenger.challenge(job, 0);
    await untilState(challenger, id, 0, 'verified');
    await pass(windowSeconds + 1);
    for (const segment of [1, 2]) await untilState(challenger, id, segment, 'settled');
    const { address } = (await marketOf(2)).chain;
    const { burned, segments: counts } = await earningsOf(challenger, address, deployed.since);
    expect({ burned, ...counts }).toMatchObject({ burned: 0n, failed: 0, settled: 2 });
    await last.kill();
  });

  it('has a watcher that challenges what is withheld and what is no proof, and the liar’s bond burned', async () => {
    const watcher = await nodes.start(4, { args: ['--no-claim', '--watch-patience', '0'] });
    const home = await nodes.home();
    const posting = proving([watcher], join(directory, 'never.cert'), '--optimistic', '--window', '3600');
    await nodes.runUntil(home, posting, 'is posted');
    // Its requester’s node serves what the job consists of.
    const serving = await nodes.start(1, {
      home,
      known: [watcher],
      args: ['--no-claim', '--watch', 'none'],
    });
    const liar = await marketOf(5);
    await liar.deposit(parseEther('1'));
    const [posted] = (await listJobs(liar, deployed.since)).toReversed();
    if (posted === undefined) throw new Error('the job is posted');
    const job = await jobOf(home, posted.id);
    const rubbish = join(directory, 'rubbish');
    await writeFile(rubbish, 'no proof');
    await nodes.serve(serving, rubbish);
    for (const [segment, bytes] of ['no proof', 'withheld'].entries()) {
      await liar.claim(job, segment);
      await liar.submit(job, segment, sha256(toBytes(bytes)).slice(2));
    }
    for (const segment of [0, 1]) await untilState(liar, posted.id, segment, 'challenged');
    const challengers = await Promise.all([0, 1].map((segment) => liar.segment(posted.id, segment)));
    const { address } = (await marketOf(4)).chain;
    expect(challengers.map(({ challenger }) => challenger)).toEqual([address, address]);
    await watcher.logged('a submission was challenged', 'not the encoding of a proof');
    await watcher.logged('a submission was challenged', 'cannot be had');
    await pass(3_601);
    for (const segment of [0, 1]) await untilState(liar, posted.id, segment, 'open');
    const { burned, segments } = await earningsOf(liar, liar.chain.address, deployed.since);
    expect(segments.failed).toBe(2);
    expect(burned).toBeGreaterThanOrEqual((2n * parseEther('0.02') * 3n) / 4n);
  });
});

/** A job as its requester's data directory has it. */
async function jobOf(home: string, id: string): Promise<ChainJob> {
  const files = chainDirectory(dataDirectory(home).chain, deployed.chainId);
  const record = await loadPostedJobRecord(files.job(id));
  if (record === undefined) throw new Error(`${home} has no job ${id}`);
  return record.job;
}
