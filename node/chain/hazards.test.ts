import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesToHex, parseEther, sha256, zeroAddress } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ChildProcesses } from '../../tests/support/child-processes.ts';
import { ClaimGuard } from './claim-guard.ts';
import { readEvents } from './events.ts';
import { jsonFile, proofDirectory } from './file-store.ts';
import type { ChainJob } from './job.ts';
import { savePostedJobRecord } from './job-record.ts';
import type { Market } from './market.ts';
import { MarketWorker } from './market-worker.ts';
import type { ClaimingInit } from './testing/claiming-process.ts';
import { ForwardingEndpoint, type Intercept } from './testing/forwarding-endpoint.ts';
import { RealMarket, usualOffer } from './testing/real-market.ts';

const { reward } = usualOffer;

let real: RealMarket;
let requester: Market;

beforeAll(async () => {
  real = await RealMarket.open();
  requester = await real.marketOf(1);
  for (const account of [2, 3]) await (await real.marketOf(account)).deposit(parseEther('5'));
});

afterAll(() => real?.close());

afterEach(() => real.client.setAutomine(true));

function workerOf(market: Market, name: string): MarketWorker {
  const own = join(real.directory, name);
  return new MarketWorker({
    market,
    proofs: proofDirectory(join(own, 'proofs')),
    guard: new ClaimGuard(jsonFile(join(own, 'failures.json'))),
  });
}

/** Names of a job's events on the chain as it is now. */
async function eventsOf(market: Market, { terms }: ChainJob): Promise<string[]> {
  const id = `0x${market.idOf(terms)}`;
  const head = await market.chain.client.getBlockNumber({ cacheTime: 0 });
  const events = await readEvents(market, real.deployed.since, head);
  return events.filter(({ args }) => 'job' in args && args.job === id).map(({ eventName }) => eventName);
}

const owed = (market: Market) => market.owed(market.chain.address, zeroAddress);
const stake = (market: Market) => market.stake(market.chain.address);

/** Transactions that wait for a block. */
async function waiting(): Promise<number> {
  return (await real.client.getTxpoolStatus()).pending;
}

describe('two nodes that race for one segment', () => {
  it('get one claim between them; the other learns why, and pays nothing but gas', async () => {
    const job = await real.post(requester);
    const racers = [await real.marketOf(2), await real.marketOf(3)];
    const before = await Promise.all(
      racers.map(({ chain }) => chain.client.getBalance({ address: chain.address })),
    );
    await real.client.setAutomine(false);
    const claims = Promise.allSettled(racers.map((market) => market.claim(job, 0)));
    await expect.poll(waiting).toBe(2);
    await real.client.mine({ blocks: 1 });
    await real.client.setAutomine(true);

    const outcomes = await claims;
    const loser = outcomes.findIndex(({ status }) => status === 'rejected');
    expect(outcomes[loser]).toMatchObject({
      reason: {
        code: 'CHAIN_REFUSED',
        message: expect.stringContaining('The segment is claimed'),
        remedy: expect.stringContaining('Somebody was faster'),
        details: { error: 'StateWrong' },
      },
    });
    expect(outcomes[1 - loser]?.status).toBe('fulfilled');
    expect(await eventsOf(requester, job)).toEqual(['JobPosted', 'SegmentClaimed']);

    const market = racers[loser] as Market;
    const { address, client } = market.chain;
    const block = await client.getBlock({ includeTransactions: true });
    const lost = block.transactions.find(({ from }) => from === address.toLowerCase());
    const receipt = await client.getTransactionReceipt({ hash: lost?.hash ?? '0x' });
    expect(receipt.status).toBe('reverted');
    const cost = receipt.gasUsed * receipt.effectiveGasPrice;
    expect((before[loser] ?? 0n) - (await client.getBalance({ address }))).toBe(cost);
    expect(await stake(market)).toMatchObject({ amount: parseEther('5'), locked: 0n });

    const winner = racers[1 - loser] as Market;
    const left = await workerOf(market, 'loser').work(job, 0, real.work(job, 0));
    expect(left).toMatchObject({ state: 'claimed', claimant: winner.chain.address });
    expect((await workerOf(winner, 'winner').work(job, 0, real.work(job, 0))).state).toBe('verified');
  });
});

describe('a reorganisation', () => {
  it('while a proof waits for its confirmations has it sent again, and paid once', async () => {
    const job = await real.post(requester);
    const market = await real.marketOf(2);
    const before = await owed(market);
    await market.claim(job, 0);
    const proof = await real.prove(market, job, 0);
    const careful = await real.marketOf(2, { pace: { confirmations: 2, patience: 60_000 } });
    const proving = careful.prove(job, 0, proof);
    const stateOf = async () => (await market.segment(market.idOf(job.terms), 0)).state;
    await expect.poll(stateOf).toBe('verified');
    await real.reorganise(1);
    await expect.poll(stateOf).toBe('verified');
    await real.client.mine({ blocks: 1 });
    expect((await proving).status).toBe('success');
    expect((await owed(market)) - before).toBe(reward);
  });

  it('that takes settlements back has the worker settle again, and be paid once', async () => {
    const job = await real.post(requester, { optimistic: true });
    const market = await real.marketOf(2);
    const worker = workerOf(market, 'settling');
    const before = await owed(market);
    for (const segment of [0, 1]) await worker.work(job, segment, real.work(job, segment));
    await real.pass(3601);
    for (const segment of [0, 1])
      expect((await worker.work(job, segment, real.work(job, segment))).state).toBe('settled');
    const id = market.idOf(job.terms);
    expect(await market.job(id)).toMatchObject({ settled: 2 });

    await real.reorganise(2);
    expect(await market.job(id)).toMatchObject({ settled: 0 });
    await real.pass(3601);
    for (const segment of [0, 1])
      expect((await worker.work(job, segment, real.work(job, segment))).state).toBe('settled');
    expect(await market.job(id)).toMatchObject({ settled: 2, available: 0n });
    expect((await owed(market)) - before).toBe(2n * reward);
    expect((await stake(market)).locked).toBe(0n);
    expect((await eventsOf(market, job)).filter((name) => name === 'JobSettled')).toHaveLength(1);
  });

  it('that takes the last proof back takes the verdict back, until it is proven again', async () => {
    const job = await real.post(requester, { nonce: 77n });
    const market = await real.marketOf(2);
    const worker = workerOf(market, 'proving');
    const before = await owed(market);
    const id = market.idOf(job.terms);
    for (const segment of [0, 1]) await worker.work(job, segment, real.work(job, segment));
    expect(await market.job(id)).toMatchObject({ verified: 2 });
    await real.reorganise(3);
    expect(await market.job(id)).toMatchObject({ verified: 0 });
    for (const segment of [0, 1]) await worker.work(job, segment, real.work(job, segment));
    expect(await market.job(id)).toMatchObject({ verified: 2, available: 0n });
    expect(await market.isVerified(job.terms)).toBe(true);
    expect((await owed(market)) - before).toBe(2n * reward);
  });
});

describe('a node that is killed', () => {
  const program = fileURLToPath(new URL('./testing/claiming-process.ts', import.meta.url));
  const account = 3;

  /** When to kill it: at which of its transactions, and what has become of that by then. */
  interface Moment {
    transaction: 1 | 2;
    fate: 'not sent' | 'sent' | 'mined';
    optimistic: boolean;
  }

  const children = new ChildProcesses();
  afterAll(() => children.close());

  function start(init: string): ChildProcess {
    const child = spawn(process.execPath, [program, init], { stdio: ['ignore', 'pipe', 'inherit'] });
    void children.add(child);
    return child;
  }

  /** Stands before the chain and stops everything at the moment. */
  function stopAt({ transaction, fate }: Moment, reached: () => void): Intercept {
    let sent = 0;
    return async ({ method }, forward) => {
      if (method !== 'eth_sendRawTransaction' || ++sent !== transaction) return undefined;
      if (fate === 'sent') await real.client.setAutomine(false);
      if (fate !== 'not sent') await forward();
      reached();
      return new Promise(() => undefined);
    };
  }

  it.each<[string, Moment]>([
    ['before its claim is sent', { transaction: 1, fate: 'not sent', optimistic: false }],
    ['when its claim is sent and in no block', { transaction: 1, fate: 'sent', optimistic: false }],
    ['when its claim is in a block', { transaction: 1, fate: 'mined', optimistic: true }],
    ['before its submission is sent', { transaction: 2, fate: 'not sent', optimistic: true }],
    ['when its submission is sent and in no block', { transaction: 2, fate: 'sent', optimistic: true }],
    ['when its proof is sent and in no block', { transaction: 2, fate: 'sent', optimistic: false }],
    ['when its submission is in a block', { transaction: 2, fate: 'mined', optimistic: true }],
  ])('%s goes on from the chain: one claim, no bond lost', async (name, moment) => {
    const market = await real.marketOf(account);
    const { optimistic } = moment;
    const job = await real.post(requester, { optimistic });
    const directory = join(real.directory, name);
    await mkdir(directory);
    const record = join(directory, 'job.json');
    const request = { model: 'model.onnx', input: 'input.json', strategy: 'layer' };
    await savePostedJobRecord(jsonFile(record), { job, request, blindings: new Map() });
    const proof = await real.prove(market, job, 0);
    const init: Omit<ClaimingInit, 'url'> = {
      ...{ account, addresses: real.deployed.addresses, record, segment: 0, directory },
      proof: { publicInputs: proof.publicInputs.map(String), bytes: bytesToHex(proof.bytes) },
    };
    const file = async (url: string) => {
      const path = join(directory, 'init.json');
      await writeFile(path, JSON.stringify({ ...init, url }));
      return path;
    };
    const before = await stake(market);

    let reached: (() => void) | undefined;
    const moments = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const stopping = await ForwardingEndpoint.start(
      real.anvil.url,
      stopAt(moment, () => reached?.()),
    );
    const killed = start(await file(stopping.url));
    await moments;
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await stopping.close();

    // What is pending gets into a block only once the next process has seen that it is.
    const watching = await ForwardingEndpoint.start(real.anvil.url, async ({ method }) => {
      if (method === 'eth_getTransactionCount' && (await waiting()) > 0) {
        await real.client.setAutomine(true);
        await real.client.mine({ blocks: 1 });
      }
      return undefined;
    });
    const again = start(await file(watching.url));
    const said: Buffer[] = [];
    again.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
    const [status] = await once(again, 'close');
    await watching.close();

    expect([status, Buffer.concat(said).toString()]).toEqual([0, optimistic ? 'submitted' : 'verified']);
    expect(await eventsOf(market, job)).toEqual([
      'JobPosted',
      'SegmentClaimed',
      optimistic ? 'ProofSubmitted' : 'SegmentVerified',
    ]);
    if (optimistic) {
      const { proof: submitted } = await market.segment(market.idOf(job.terms), 0);
      const kept = await proofDirectory(join(directory, 'proofs')).get(submitted.slice(2));
      expect(sha256(kept ?? new Uint8Array())).toBe(submitted);
      await real.pass(3601);
      await market.end('settle', job, 0);
    }
    expect(await stake(market)).toEqual(before);
  });
});
