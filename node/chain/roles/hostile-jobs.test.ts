import { join } from 'node:path';
import { type Hex, hexToBytes, numberToHex, parseEther, sha256, slice, toHex, zeroAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Proof } from '../../../protocol/certificate.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { createLog } from '../../peer/log.ts';
import { ClaimGuard } from '../claim-guard.ts';
import { closeJob } from '../close-job.ts';
import { jsonFile, proofDirectory } from '../file-store.ts';
import { type ChainJob, makeJob } from '../job.ts';
import { collectProofs } from '../job-proofs.ts';
import type { Market } from '../market.ts';
import { type ClaimedWork, MarketWorker, type WorkStep } from '../market-worker.ts';
import { encodeProofArtifact } from '../proof-artifact.ts';
import { ForwardingEndpoint } from '../testing/forwarding-endpoint.ts';
import { RealMarket, usualOffer } from '../testing/real-market.ts';
import { watchSegment } from '../watcher.ts';
import { Backoff } from './backoff.ts';
import { FollowedJob } from './followed-job.ts';
import type { MarketJob } from './market-job.ts';
import { SegmentTasks, type SegmentTasksInit } from './segment-tasks.ts';

const log = createLog('fatal', { write: () => undefined });
const none = { get: async () => undefined };

let real: RealMarket;
let requester: Market;
let worker: Market;

beforeAll(async () => {
  real = await RealMarket.open();
  requester = await real.marketOf(1);
  worker = await real.marketOf(2);
  await worker.deposit(parseEther('1'));
});
afterAll(() => real?.close());

const guardOf = (name: string) => new ClaimGuard(jsonFile(join(real.directory, `${name}.json`)));
const segmentOf = (job: ChainJob, index: number) => worker.segment(worker.idOf(job.terms), index);

describe('what strangers’ jobs are made of', () => {
  /** A node's tasks on a job whose description is what `fetch` gives; how often that was asked for. */
  async function tasksOn(fetch: () => Promise<Uint8Array>, market = worker) {
    const job = await real.post(requester);
    let fetched = 0;
    const released: string[] = [];
    const init: SegmentTasksInit = {
      market,
      claiming: { open: () => Promise.reject(new Error('it is never opened')), parallel: 1, price: 0n },
      patience: 600,
    };
    const components = {
      artifacts: {
        fetchBytes: () => {
          fetched += 1;
          return fetch();
        },
        release: async (id: string) => void released.push(id),
      },
      proofs: proofDirectory(join(real.directory, 'proofs')),
      guard: guardOf('tasks'),
      mismatches: { found: async () => undefined },
      ...{ peers: () => 1, log },
    };
    const tasks = new SegmentTasks(init, components, new AbortController().signal);
    const followed = new FollowedJob(job.terms, new Backoff({ first: 3_600, longest: 3_600 }));
    return { id: worker.idOf(job.terms), tasks, followed, released, fetched: () => fetched };
  }

  it('is searched for by one of a job’s segments, and then for a while by none', async () => {
    const missing = new TesseraError('ARTIFACT_MISSING', { message: 'nobody has it' });
    const { id, tasks, followed, fetched } = await tasksOn(() => Promise.reject(missing));
    await tasks.claim(id, followed, 0);
    expect(followed.search.seconds).toBeGreaterThan(0);
    await tasks.claim(id, followed, 1);
    await tasks.check(id, followed, 1, await worker.segment(id, 1));
    expect(fetched()).toBe(1);
    // It may be there later.
    expect(followed.refused).toEqual(new Set());
    followed.search.succeeded();
    await tasks.claim(id, followed, 1);
    expect(fetched()).toBe(2);
  });

  it('names nothing that this node keeps for itself: only who posted it lets go of what it is made of', async () => {
    const content = { salt: 'ab'.repeat(32) } as MarketJob;
    for (const [market, released] of [
      [worker, []],
      [requester, [`market/${content.salt}`]],
    ] as const) {
      const node = await tasksOn(() => expect.fail('it fetches'), market);
      node.followed.content = Promise.resolve(content);
      await node.tasks.releaseContent(node.followed);
      expect(node.released).toEqual(released);
    }
  });

  it('is fetched once where it is no job, for all of its segments', async () => {
    const { id, tasks, followed, fetched } = await tasksOn(async () => new Uint8Array([1, 2, 3]));
    for (const index of [0, 1, 0, 1]) await tasks.claim(id, followed, index);
    expect(fetched()).toBe(1);
    expect(followed.refused).toEqual(new Set([0, 1]));
  });
});

describe('keys of strangers', () => {
  /** Works on a segment by keys that make proofs, or none; the steps that were taken. */
  async function workOn(by: MarketWorker, job: ChainJob, segment: number, change: Partial<ClaimedWork>) {
    const steps: WorkStep[] = [];
    const open = async () => ({ ...(await real.work(job, segment)()), ...change });
    const outcome = by.work(job, segment, open, { onProgress: (step) => steps.push(step) });
    return { outcome: await outcome.catch((error: unknown) => error), steps };
  }

  it('cost no bond and count as no failure where they make no proof, though they made one before', async () => {
    const job = await real.post(requester);
    const guard = guardOf('keys');
    const by = new MarketWorker({ market: worker, proofs: proofDirectory(real.directory), guard });
    const refused = new TesseraError('PROVER_FAILED', { message: 'the proof does not verify' });
    const good = await workOn(by, job, 0, { provesFirst: true });
    expect(good).toMatchObject({
      outcome: { state: 'verified' },
      steps: ['executing', 'proving', 'proved', 'claimed', 'submitted'],
    });
    for (let i = 0; i < 4; i++) {
      const bad = await workOn(by, job, 1, { provesFirst: true, prove: () => Promise.reject(refused) });
      expect(bad).toEqual({ outcome: refused, steps: ['executing', 'proving'] });
    }
    expect(await segmentOf(job, 1)).toMatchObject({ state: 'open', claimant: zeroAddress, failures: 0 });
    await guard.requireSound();
  });
});

describe('a segment of a proof that no transaction has room for', () => {
  it('is not claimed', async () => {
    const { terms, offers, manifest } = await real.post(requester);
    const [{ inputs, outputs, ...segment } = expect.fail(), ...others] = manifest.graph.segments;
    const [edge] = manifest.graph.edges;
    // Ports far down in large trees.
    const [ports, blocks, edges] = [128, 2 ** 13, 2 ** 12];
    const graph = {
      ...manifest.graph,
      edges: Array(edges).fill(edge),
      segments: [
        {
          ...segment,
          inputs: Array.from({ length: ports }, (_, block) => ({ edge: 0, block })),
          outputs: [],
        },
        ...others,
      ],
    };
    const commitment = new Uint8Array(32);
    const commitments = Array.from({ length: edges }, (_, index) =>
      Array(index === 0 ? blocks : 1).fill(commitment),
    );
    const job = makeJob({ ...manifest, graph }, commitments, { ...terms, offers });
    const market: Market = Object.create(worker);
    market.segment = async () => ({ ...(await worker.segment('00'.repeat(32), 0)), state: 'open' });
    market.claim = () => expect.fail('it claims');
    const by = new MarketWorker({ market, proofs: proofDirectory(real.directory), guard: guardOf('size') });
    const work = async () => ({
      expectedSeconds: 1,
      provesFirst: true,
      execute: async () => Array(ports).fill(commitment),
      prove: async () => ({ publicInputs: [], bytes: new Uint8Array(256) }),
      close: async () => undefined,
    });
    await expect(by.work(job, 0, work)).rejects.toMatchObject({
      code: 'CLAIM_REFUSED',
      details: { segment: 0, bytes: expect.any(Number) },
    });
  });
});

describe('an artifact in another encoding than this program’s', () => {
  const place = (value: number) => numberToHex(value, { size: 32 }).slice(2);

  /** The fields of a proof, its tail before its head's first array, as ABI decoders take it too. */
  function swapped({ publicInputs, bytes }: Proof): Hex {
    const data = toHex(bytes).slice(2);
    const padded = data.padEnd(64 * Math.ceil(data.length / 64), '0');
    const tail = [place(bytes.length), padded].join('');
    const list = [
      place(publicInputs.length),
      ...publicInputs.map((value) => toHex(value, { size: 32 }).slice(2)),
    ];
    return `0x${[place(32), place(64 + tail.length / 2), place(64), tail, ...list].join('')}`;
  }

  it.each<[string, (proof: Proof) => Hex, 'holds' | 'fails']>([
    ['with bytes after its end', (proof) => `${encodeProofArtifact(proof)}ff`, 'holds'],
    ['with its parts in another order', swapped, 'holds'],
    ['that ends early', (proof) => slice(encodeProofArtifact(proof), 0, -32), 'fails'],
  ])('%s is judged as the contract judges it', async (_, encode, verdict) => {
    const job = await real.post(requester, { optimistic: true });
    const artifact = encode(await real.prove(worker, job, 0));
    await worker.claim(job, 0);
    await worker.submit(job, 0, sha256(artifact).slice(2));
    const watcher = await real.marketOf(3);
    const proofs = { get: async () => hexToBytes(artifact) };
    expect((await watchSegment(watcher, job, 0, proofs))?.verdict).toBe(verdict);
    if (verdict === 'holds') await watcher.challenge(job, 0);
    const defence = worker.defend(job, 0, artifact);
    if (verdict === 'fails') await expect(defence).rejects.toMatchObject({ code: 'CHAIN_REFUSED' });
    else await defence;
    expect((await segmentOf(job, 0)).state).toBe(verdict === 'holds' ? 'verified' : 'challenged');
  });
});

describe('an endpoint that gives a verification too little gas', () => {
  it('is no reason to challenge a submission that holds', async () => {
    const job = await real.post(requester, { optimistic: true });
    const proofs = proofDirectory(join(real.directory, 'held'));
    const by = new MarketWorker({ market: worker, proofs, guard: guardOf('held') });
    expect((await by.work(job, 0, real.work(job, 0))).state).toBe('submitted');
    const limited: number[] = [];
    const endpoint = await ForwardingEndpoint.start(real.anvil.url, async (request) => {
      const [call, block] = (request.params ?? []) as [{ to?: string }, unknown];
      const { models } = worker.addresses;
      if (request.method !== 'eth_call' || call.to?.toLowerCase() !== models.toLowerCase()) return undefined;
      limited.push(request.id);
      const body = JSON.stringify({ ...request, params: [{ ...call, gas: '0x35b60' }, block] });
      const headers = { 'content-type': 'application/json' };
      return { body: await (await fetch(real.anvil.url, { method: 'POST', headers, body })).json() };
    });
    const watcher = await real.marketOf(3, { url: endpoint.url });
    await expect(watchSegment(watcher, job, 0, proofs)).rejects.toMatchObject({
      details: { error: 'InsufficientGas' },
    });
    await endpoint.close();
    expect(limited.length).toBeGreaterThan(0);
    expect((await segmentOf(job, 0)).state).toBe('submitted');
    expect(await watchSegment(await real.marketOf(3), job, 0, proofs)).toEqual({ verdict: 'holds' });
  });
});

describe('a requester who was away until all windows were over', () => {
  const away = async (encode: (proof: Proof) => Hex) => {
    const since = await requester.chain.height();
    const job = await real.post(requester, { optimistic: true });
    const held = new Map<string, Uint8Array>();
    for (let segment = 0; segment < real.segments; segment++) {
      const artifact = encode(await real.prove(worker, job, segment));
      await worker.claim(job, segment);
      await worker.submit(job, segment, sha256(artifact).slice(2));
      held.set(sha256(artifact).slice(2), hexToBytes(artifact));
    }
    await real.pass(3601);
    for (let segment = 0; segment < real.segments; segment++) await worker.end('settle', job, segment);
    const proofs = { get: async (digest: string) => held.get(digest) };
    return collectProofs({ market: requester, job, since, proofs });
  };

  it('takes the proofs that were paid', async () => {
    expect((await away(encodeProofArtifact)).proofs).toHaveLength(real.segments);
  });

  it('is told what was paid and is no proof', async () => {
    const cut = (proof: Proof) => slice(encodeProofArtifact(proof), 0, -32);
    await expect(away(cut)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { segment: 0 } });
  });
});

describe('a job that is to end', () => {
  const owed = () => requester.owed(requester.chain.address, zeroAddress);

  it('is closed once, and gives back what nobody works for, then what comes to nothing', async () => {
    const job = await real.post(requester);
    await worker.claim(job, 0);
    await expect(closeJob(worker, job.terms)).rejects.toMatchObject({
      code: 'CHAIN_REFUSED',
      details: { error: 'NotRequester' },
    });
    const before = await owed();
    const { reward } = usualOffer;
    const first = await closeJob(requester, job.terms);
    expect(first).toMatchObject({ known: false, refund: reward, ended: [], standing: [0] });
    expect(first.owed).toBe(before + reward);
    await real.pass(usualOffer.duration + 1);
    const second = await closeJob(requester, job.terms);
    expect(second).toMatchObject({ known: true, refund: 0n, ended: [0], standing: [] });
    // Ending the missed claim also pays its gas.
    expect(second.owed).toBeGreaterThanOrEqual(before + 2n * reward);
    expect(second.owed).toBe(await owed());
    expect(await closeJob(requester, job.terms)).toMatchObject({ known: true, ended: [], standing: [] });
  });

  it('is not waited for by its requester once nobody can claim it', async () => {
    const since = await requester.chain.height();
    const job = await real.post(requester);
    await real.pass(86_401);
    await expect(collectProofs({ market: requester, job, since, proofs: none })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: { proven: 0, segments: real.segments },
    });
  });
});
