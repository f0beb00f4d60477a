import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClient, http, parseEther, zeroAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../contracts/deploy.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { MarketMismatch } from '../../protocol/messages/index.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { image, limits } from '../../tests/support/proving.ts';
import { ArtifactCache } from '../artifacts/cache.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { chooseForGroth16 } from '../plan/parameters/groth16.ts';
import { createGroth16Prover } from '../provers/groth16/prover.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { createGroth16Verifier } from '../provers/groth16/verifier/index.ts';
import type { Prover } from '../provers/prover.ts';
import {
  draftJobCertificate,
  type Job,
  type JobModules,
  type JobRequest,
  prepareJob,
} from '../requester/job.ts';
import { Chain } from './chain-client.ts';
import { ClaimGuard } from './claim-guard.ts';
import { type DeployedMarket, deployedMarket } from './deployment.ts';
import { earningsOf } from './earnings.ts';
import { developmentAccount, type EmbeddedChain, openEmbeddedChain } from './embedded-chain.ts';
import { type Cursor, EventReader, type MarketEvent } from './events.ts';
import { jsonFile, proofDirectory } from './file-store.ts';
import type { ChainJob } from './job.ts';
import { loadPostedJobRecord } from './job-record.ts';
import { localWork } from './local-work.ts';
import { Market } from './market.ts';
import { type ClaimedWork, MarketWorker, type WorkStep } from './market-worker.ts';
import { loadMismatches } from './mismatch.ts';
import { type PostReport, postJob, recallJob } from './requester.ts';
import { ForwardingEndpoint } from './testing/forwarding-endpoint.ts';
import { watchSegment } from './watcher.ts';
import { whileEdgesHold } from './while-edges-hold.ts';

const reward = parseEther('1');

let directory: string;
let embedded: EmbeddedChain;
let deployed: DeployedMarket;
let prover: Prover;
let modules: JobModules;
let prepared: Job;
let request: Omit<JobRequest, 'limits'>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-chain-job-'));
  await mkdir(join(directory, 'scratch'));
  const cache = new ArtifactCache({ directory: join(directory, 'cache'), maxBytes: 1e9 });
  prover = createGroth16Prover({ worker: await builtWorker(), cache, directory: join(directory, 'scratch') });
  modules = {
    provers: new Map([['groth16', prover]]),
    choices: new Map([['groth16', chooseForGroth16]]),
    calibrations: openCalibrationStore(join(directory, 'calibrations')),
    verifiers: [createGroth16Verifier()],
  };
  const model = join(directory, 'model.onnx');
  await writeFile(model, await encodeModel(branchingModel()));
  const input = join(directory, 'input.json');
  await writeFile(input, JSON.stringify({ image: image(36) }));
  request = { model, input, strategy: 'cuts=trunk,joined', target: 'chain' };
  prepared = await prepareJob({ ...request, limits }, modules);
  embedded = await openEmbeddedChain(join(directory, 'chain'));
  const deployer = await Chain.connect({ urls: [embedded.url], account: developmentAccount(0) });
  deployed = deployedMarket(await deploy({ chain: deployer }));
  for (const account of [2, 3, 4]) await (await marketOf(account)).deposit(parseEther('5'));
});

afterAll(async () => {
  await prover?.close();
  await embedded?.close();
  await rm(directory, { recursive: true, force: true });
});

async function marketOf(account: number, url = embedded.url): Promise<Market> {
  const chain = await Chain.connect({ urls: [url], account: developmentAccount(account) });
  return new Market(chain, deployed.addresses);
}

const files = {
  job: (id: string) => jsonFile(join(directory, 'jobs', `${id}.json`)),
  posting: (order: string) => jsonFile(join(directory, 'postings', `${order}.json`)),
};

async function order(optimistic: boolean): Promise<PostReport> {
  const prices = {
    ...{ reward, bond: parseEther('0.02'), duration: 3600, optimistic },
    ...{ window: optimistic ? 3600n : 0n, lifetime: 86_400n },
  };
  const market = await marketOf(1);
  return postJob({ prepared, record: { request, files }, prices, modules, market, deployed });
}

async function post(optimistic: boolean): Promise<ChainJob> {
  const posted = await order(optimistic);
  await posted.forget();
  return posted.job;
}

const work = (segment: number) => async () => localWork(prepared, segment, modules, limits);

async function workerOf(
  account: number,
  url = embedded.url,
  guardName = `worker-${account}`,
): Promise<{ market: Market; worker: MarketWorker }> {
  const market = await marketOf(account, url);
  const own = join(directory, `worker-${account}`);
  const guard = new ClaimGuard(jsonFile(join(directory, `${guardName}.json`)));
  return { market, worker: new MarketWorker({ market, proofs: proofDirectory(join(own, 'proofs')), guard }) };
}

const testClient = () => createTestClient({ mode: 'anvil', transport: http(embedded.url) });

async function pass(seconds: number): Promise<void> {
  await testClient().increaseTime({ seconds });
  await testClient().mine({ blocks: 1 });
}

/** Ends a worker right after a step, as a killed process would: nothing after it runs. */
class Killed extends Error {}

describe('a job on the chain', () => {
  it('is registered, posted, proven by two workers, verified, paid and withdrawn', async () => {
    const job = await post(false);
    const [first, second] = await Promise.all([workerOf(2), workerOf(3)]);
    const id = first.market.idOf(job.terms);
    for (const segment of job.offers.keys()) {
      const { worker } = segment % 2 === 0 ? first : second;
      expect((await worker.work(job, segment, work(segment))).state).toBe('verified');
    }
    expect(await first.market.job(id)).toMatchObject({ verified: job.offers.length, available: 0n });
    expect(await first.market.isVerified(job.terms)).toBe(true);

    const me = first.market.chain.address;
    const earned = await earningsOf(first.market, me, deployed.since);
    expect(earned).toMatchObject({
      owed: { [zeroAddress]: 2n * reward },
      segments: { verified: 2, failed: 0 },
    });
    await first.market.withdraw(zeroAddress, me);
    const after = await earningsOf(first.market, me, deployed.since);
    expect(after).toMatchObject({ owed: { [zeroAddress]: 0n }, withdrawn: { [zeroAddress]: 2n * reward } });
  });

  it('is known from its record in another process', async () => {
    const job = await post(false);
    const { market } = await workerOf(2);
    const record = await loadPostedJobRecord(files.job(market.idOf(job.terms)));
    expect(record).toEqual({ job, request, blindings: prepared.blindings });
  });

  it('is gone on with while it is not done with, and closed and posted anew once it can be claimed no more', async () => {
    const requester = await marketOf(1);
    const [first, again] = [await order(false), await order(false)];
    expect([first.resumed, again.resumed]).toEqual([false, true]);
    expect(again.job).toEqual(first.job);
    const owedBefore = await requester.owed(requester.chain.address, zeroAddress);
    await pass(86_401);
    const anew = await order(false);
    expect(anew.resumed).toBe(false);
    expect(anew.id).not.toBe(first.id);
    expect(await requester.job(first.id)).toMatchObject({ closed: true, available: 0n });
    const refund = reward * BigInt(first.job.offers.length);
    expect(await requester.owed(requester.chain.address, zeroAddress)).toBe(owedBefore + refund);
    await anew.forget();
    const other = await order(false);
    expect([other.resumed, other.id === anew.id]).toEqual([false, false]);
    await other.forget();
  });

  it('is gone on with though it hides its input: by the blinding that it was posted with', async () => {
    const hidden = { ...request, commit: 'input' };
    const market = await marketOf(1);
    const prices = {
      ...{ reward, bond: parseEther('0.02'), duration: 3600, optimistic: false, window: 0n },
      lifetime: 86_400n,
    };
    const run = async () => {
      const fresh = await prepareJob({ ...hidden, limits }, modules);
      const init = { prices, modules, market, deployed, record: { request: hidden, files } };
      const { manifest } = await draftJobCertificate(fresh, modules);
      const recalled = await recallJob({ ...init, prepared: fresh }, manifest);
      return { fresh, recalled, posted: await postJob({ ...init, prepared: recalled }) };
    };
    const first = await run();
    const again = await run();
    expect(first.recalled.blindings.size).toBe(1);
    expect(again.fresh.blindings).not.toEqual(first.fresh.blindings);
    expect(again.recalled.blindings).toEqual(first.recalled.blindings);
    expect([first.posted.resumed, again.posted.resumed]).toEqual([false, true]);
    expect(again.posted.job).toEqual(first.posted.job);
    const { worker } = await workerOf(2);
    const open = async () => localWork(again.recalled, 0, modules, limits);
    expect((await worker.work(again.posted.job, 0, open)).state).toBe('verified');
    await again.posted.forget();
    expect((await run()).posted.resumed).toBe(false);
  });

  it('pays one of two nodes that race for a segment, and costs the other nothing', async () => {
    const job = await post(false);
    const [first, second] = await Promise.all([workerOf(2), workerOf(3)]);
    const both = await Promise.all([first, second].map(({ worker }) => worker.work(job, 0, work(0))));
    const found = await first.market.segment(first.market.idOf(job.terms), 0);
    expect(found.state).toBe('verified');
    expect(both.filter(({ state }) => state === 'verified').length).toBeGreaterThanOrEqual(1);
    for (const { market } of [first, second]) {
      const { burned, segments } = await earningsOf(market, market.chain.address, deployed.since);
      expect({ burned, failed: segments.failed }).toEqual({ burned: 0n, failed: 0 });
      expect((await market.stake(market.chain.address)).locked).toBe(0n);
    }
  });

  it('goes on where a killed worker stopped, at every step', async () => {
    const job = await post(true);
    const { market } = await workerOf(2);
    const steps: WorkStep[] = [];
    for (const killAfter of ['executing', 'claimed', 'proving', 'proved', 'submitted'] as const) {
      // What a killed process does not do, is to note that it failed.
      const { worker } = await workerOf(2, embedded.url, killAfter);
      const onProgress = (step: WorkStep) => {
        steps.push(step);
        if (step === killAfter) throw new Killed(step);
      };
      await expect(worker.work(job, 0, work(0), { onProgress })).rejects.toThrow(killAfter);
    }
    expect(steps.filter((step) => step === 'claimed')).toHaveLength(1);
    expect(steps.filter((step) => step === 'submitted')).toHaveLength(1);
    const { worker } = await workerOf(2);
    expect((await worker.work(job, 0, work(0))).state).toBe('submitted');
    await pass(3601);
    expect((await worker.work(job, 0, work(0))).state).toBe('settled');
    expect((await market.stake(market.chain.address)).locked).toBe(0n);
  });

  it('lets a watcher challenge what cannot be had or does not hold, and the claimant defend what does', async () => {
    const job = await post(true);
    const claimant = await workerOf(2);
    const watcher = await marketOf(4);
    const served = proofDirectory(join(directory, 'worker-2', 'proofs'));
    await claimant.worker.work(job, 0, work(0));
    expect(await watchSegment(watcher, job, 0, served)).toEqual({ verdict: 'holds' });
    expect((await watcher.segment(watcher.idOf(job.terms), 0)).state).toBe('submitted');
    const withheld = { get: async () => undefined };
    const patient = { challengeMissing: false };
    expect(await watchSegment(watcher, job, 0, withheld, patient)).toMatchObject({ verdict: 'missing' });
    expect((await watcher.segment(watcher.idOf(job.terms), 0)).state).toBe('submitted');
    expect(await watchSegment(watcher, job, 0, withheld)).toMatchObject({ verdict: 'missing' });
    expect((await claimant.worker.work(job, 0, work(0))).state).toBe('verified');

    const liar = await marketOf(3);
    await liar.claim(job, 1);
    const rubbish = await served.put(new TextEncoder().encode('no proof'));
    await liar.submit(job, 1, rubbish);
    expect(await watchSegment(watcher, job, 1, served)).toMatchObject({
      verdict: 'fails',
      reason: expect.stringContaining('not the encoding'),
    });
    await pass(3601);
    await watcher.end('reject', job, 1);
    const { burned } = await earningsOf(liar, liar.chain.address, deployed.since);
    expect(burned).toBeGreaterThanOrEqual((parseEther('0.02') * 3n) / 4n);
    expect((await watcher.segment(watcher.idOf(job.terms), 1)).state).toBe('open');
  });

  it('is claimed by nobody whose machine is too slow, or whose claims keep failing', async () => {
    const job = await post(false);
    const { worker } = await workerOf(4);
    const changed = (change: Partial<ClaimedWork>) => async () => ({ ...(await work(0)()), ...change });
    await expect(worker.work(job, 0, changed({ expectedSeconds: 2_000 }))).rejects.toMatchObject({
      code: 'CLAIM_REFUSED',
      details: { duration: 3600 },
    });
    const wrong = changed({ execute: async () => [new Uint8Array(32), new Uint8Array(32)] });
    await expect(worker.work(job, 0, wrong)).rejects.toMatchObject({ code: 'EDGE_MISMATCH' });
    const broken = changed({ prove: () => Promise.reject(new Error('the prover fails')) });
    // A claim that is tried again fails but once.
    for (let i = 0; i < 3; i++) await expect(worker.work(job, 0, broken)).rejects.toThrow('the prover fails');
    for (const other of [await post(false), await post(false)]) {
      await expect(worker.work(other, 0, broken)).rejects.toThrow('the prover fails');
    }
    await expect(worker.work(job, 1, work(1))).rejects.toMatchObject({
      code: 'CLAIM_REFUSED',
      message: expect.stringContaining('the prover fails'),
    });
  });
});

describe('a complaint that a job commits to other values than a segment gives', () => {
  /** A job whose first segment gives something else than was committed, and what peers say of it. */
  async function postWrong() {
    const values = new Map(prepared.values);
    const [name = ''] = prepared.plans[0]?.outputs ?? [];
    values.set(
      name,
      (values.get(name) ?? []).map((value, index) => (index === 0 ? value + 1n : value)),
    );
    const market = await marketOf(1);
    const prices = { reward, bond: parseEther('0.02'), duration: 3600, optimistic: false, window: 0n };
    const wrong = { ...prepared, values };
    const made = { prepared: wrong, prices: { ...prices, lifetime: 86_400n }, modules, market, deployed };
    const { id, job } = await postJob(made);
    const file = jsonFile(join(directory, 'mismatches', `${id}.json`));
    return { ...made, id, job, file };
  }

  function complaint({ id, job }: { id: string; job: ChainJob }, segment: number): MarketMismatch {
    const { edge, block } = job.manifest.graph.segments[segment]?.outputs[0] ?? { edge: 0, block: 0 };
    const committed = sha256Hex(job.commitments[edge]?.[block] ?? new Uint8Array());
    const said = { segment, edge, block, committed, computed: '0'.repeat(64) };
    const head = { sender: '0'.repeat(64), issued: 0, expires: 1 };
    return { kind: 'market-mismatch', ...head, job: id, ...said };
  }

  const untilStopped = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });

  it('closes the job where it is right, and gives the escrow back', async () => {
    const posted = await postWrong();
    const { market, id, file } = posted;
    const owed = () => market.owed(market.chain.address, zeroAddress);
    const before = await owed();
    const listen = (handler: (mismatch: MarketMismatch) => void) => {
      handler(complaint(posted, 0));
      return () => undefined;
    };
    await expect(whileEdgesHold({ ...posted, listen }, untilStopped)).rejects.toMatchObject({
      code: 'EDGE_MISMATCH',
      details: { job: id, segment: 0 },
    });
    expect(await market.job(id)).toMatchObject({ closed: true, available: 0n });
    expect(await owed()).toBe(before + 3n * reward);
    expect(await loadMismatches(file)).toMatchObject([{ segment: 0 }]);
  });

  it('changes nothing where it is wrong, and has a segment run once however often it comes', async () => {
    const posted = await postWrong();
    const { market, id, file } = posted;
    let runs = 0;
    const counting: Prover = Object.create(prover, {
      execute: {
        value: (...args: Parameters<Prover['execute']>) => {
          runs += 1;
          return prover.execute(...args);
        },
      },
    });
    const lying = complaint(posted, 2);
    const worked = await whileEdgesHold(
      {
        ...posted,
        modules: { ...modules, provers: new Map([['groth16', counting]]) },
        listen(handler) {
          for (const about of [lying, lying]) handler(about);
          // Of another job, of no segment, of no port of it, and of what the job does not commit to.
          handler({ ...complaint(posted, 0), job: '1'.repeat(64) });
          handler({ ...complaint(posted, 0), segment: 7 });
          handler({ ...complaint(posted, 0), edge: 1_000 });
          handler({ ...complaint(posted, 0), committed: '1'.repeat(64) });
          return () => undefined;
        },
      },
      async () => {
        await expect.poll(() => runs).toBe(1);
        return 'done';
      },
    );
    expect([worked, runs]).toEqual(['done', 1]);
    expect((await market.job(id)).closed).toBe(false);
    expect(await loadMismatches(file)).toEqual([]);
  });
});

describe('an endpoint that fails', () => {
  it('is waited for while it restarts', async () => {
    const job = await post(false);
    const endpoint = await ForwardingEndpoint.start(embedded.url);
    const { worker } = await workerOf(3, endpoint.url);
    let restarted: Promise<void> | undefined;
    const found = await worker.work(job, 0, work(0), {
      onProgress: (step) => {
        if (step === 'claimed') restarted = endpoint.restart(1_500);
      },
    });
    expect(found.state).toBe('verified');
    await restarted;
    await endpoint.close();
  });

  it('is passed over for the next one', async () => {
    const chain = await Chain.connect({ urls: ['http://127.0.0.1:9', embedded.url] });
    expect(
      await new Market(chain, deployed.addresses).isVerified({
        model: '0'.repeat(64),
        inputDigest: '0'.repeat(64),
        outputDigest: '0'.repeat(64),
      }),
    ).toBe(false);
  });
});

describe('events', () => {
  it('are handled once and none is left out, over restarts and a reorganisation', async () => {
    const { market } = await workerOf(2);
    let stored: unknown;
    const seen: string[] = [];
    const name = ({ eventName, blockHash, logIndex }: MarketEvent) => `${eventName} ${blockHash} ${logIndex}`;
    const reader = (failAfter = Number.POSITIVE_INFINITY) =>
      new EventReader(market, {
        since: deployed.since,
        store: {
          load: async () => stored,
          save: async (cursor: Cursor) => {
            stored = structuredClone(cursor);
          },
        },
        handle: async (event) => {
          if (failAfter-- <= 0) throw new Killed();
          seen.push(name(event));
        },
      });
    for (let i = 0; i < 4; i++) await expect(reader(i).catchUp()).rejects.toThrow(Killed);
    await reader().catchUp();
    expect(seen.length).toBeGreaterThan(20);
    expect(new Set(seen).size).toBe(seen.length);
    expect(await reader().catchUp()).toBe(0);

    const job = await post(false);
    await market.claim(job, 0);
    await reader().catchUp();
    expect(seen.at(-1)).toMatch(/^SegmentClaimed/);
    const before = seen.filter((event) => event.startsWith('SegmentClaimed')).length;
    // The claim's block is replaced by an empty one; then the segment is claimed again.
    await testClient().request({ method: 'anvil_reorg' as never, params: [1, []] as never });
    await reader().catchUp();
    await market.claim(job, 0);
    await reader().catchUp();
    const claims = seen.filter((event) => event.startsWith('SegmentClaimed'));
    expect(claims.length).toBe(before + 1);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('a reorganisation', () => {
  it('that takes a proof back is noticed, and the segment is proven again', async () => {
    const job = await post(false);
    const { market, worker } = await workerOf(2);
    expect((await worker.work(job, 0, work(0))).state).toBe('verified');
    await testClient().request({ method: 'anvil_reorg' as never, params: [1, []] as never });
    expect((await market.segment(market.idOf(job.terms), 0)).state).toBe('claimed');
    expect((await worker.work(job, 0, work(0))).state).toBe('verified');
  });
});
