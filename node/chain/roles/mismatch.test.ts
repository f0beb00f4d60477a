import { join } from 'node:path';
import { sha256, zeroAddress } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Hex32 } from '../../../protocol/edge.ts';
import { artifactCid, sha256Hex } from '../../../protocol/ids.ts';
import { commitmentsFormat, marketJobFormat, marketSegmentsFormat } from '../../../protocol/job/index.ts';
import { encodeManifest } from '../../../protocol/manifest-codec.ts';
import { type MarketMismatch, openMessage, type SignedMessage } from '../../../protocol/messages/index.ts';
import { Signer } from '../../job/signer.ts';
import type { MessageHandler } from '../../network/transport.ts';
import { createLog } from '../../peer/log.ts';
import { loadOrCreateIdentity, type NodeStore, openNodeStore } from '../../store/index.ts';
import { chainDirectory } from '../chain-directory.ts';
import { ClaimGuard } from '../claim-guard.ts';
import { type ChainJob, makeJob } from '../job.ts';
import { loadMismatches, type Mismatch } from '../mismatch.ts';
import { boundaryOf } from '../testing/job-boundary.ts';
import { escrowOf, RealMarket } from '../testing/real-market.ts';
import { ChainRoles } from './chain-roles.ts';
import { JobBook, type MarketRecord } from './job-book.ts';
import { MismatchBoard, type MismatchBoardInit } from './mismatch-board.ts';

const log = createLog('fatal', { write: () => undefined });
const stake = 10n ** 18n;

let market: RealMarket;
const closers: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  market = await RealMarket.open();
  for (const account of [2, 3]) await (await market.marketOf(account)).deposit(stake);
});
afterAll(() => market?.close());
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Where everybody hears what anybody else says. */
class Bus {
  readonly #handlers = new Map<object, MessageHandler>();
  readonly said: MarketMismatch[] = [];

  transport(): MismatchBoardInit['transport'] {
    const self = {};
    return {
      publish: async (_, { bytes }) => {
        const signed = openMessage(bytes);
        this.said.push(signed.message as MarketMismatch);
        for (const [who, handler] of this.#handlers) if (who !== self) handler(signed);
      },
      subscribe: (_, handler) => {
        this.#handlers.set(self, handler);
        return () => this.#handlers.delete(self);
      },
    };
  }
}

interface Content {
  job: ChainJob;
  id: Hex32;
  /** What the segments really give: of the job as it should have been posted. */
  honest: ChainJob;
  artifacts: ReadonlyMap<string, Uint8Array>;
}

/** Posts a job that commits to another output of its last segment than that gives. */
async function postWrongJob(): Promise<Content> {
  const requester = await market.marketOf(1);
  const honest = await market.jobFor(requester.chain.address);
  const { manifest, offers } = honest;
  const commitments = honest.commitments.map((blocks, edge) =>
    edge === honest.commitments.length - 1 ? [honest.commitments[0]?.[0] ?? new Uint8Array()] : blocks,
  );
  const artifacts = new Map<string, Uint8Array>();
  const put = (bytes: Uint8Array) => {
    const cid = artifactCid(sha256Hex(bytes));
    artifacts.set(cid, bytes);
    return cid;
  };
  const head = marketJobFormat.encode({
    salt: sha256(new TextEncoder().encode(String(honest.terms.nonce))).slice(2),
    manifest: put(encodeManifest(manifest)),
    commitments: put(commitmentsFormat.encode(commitments)),
    segments: put(
      marketSegmentsFormat.encode(offers.map((offer) => ({ ...offer, artifacts: {}, inputs: [] }))),
    ),
  });
  put(head);
  const nonce = BigInt(`0x${sha256Hex(head)}`);
  const job = makeJob(manifest, commitments, { ...honest.terms, nonce, offers });
  await requester.post(job, escrowOf(job));
  return { job, id: requester.idOf(job.terms), honest: { ...honest, terms: job.terms }, artifacts };
}

async function boardOf(name: string, bus: Bus, pace: Partial<MismatchBoardInit> = {}) {
  const directory = join(market.directory, name);
  const files = chainDirectory(directory, 31_337);
  const signer = new Signer(await loadOrCreateIdentity(join(directory, 'identity')));
  const board = new MismatchBoard({ transport: bus.transport(), signer, files, log, ...pace });
  closers.push(() => board.close());
  return { board, files, directory };
}

/** A node that claims what it can. */
async function startNode(
  account: number,
  { artifacts, honest }: Content,
  { board, files, directory }: Awaited<ReturnType<typeof boardOf>>,
) {
  const own = await market.marketOf(account);
  const store: NodeStore = await openNodeStore(join(directory, 'database'));
  closers.push(() => store.close());
  const opened: number[] = [];
  const roles = new ChainRoles(
    {
      market: own,
      since: market.deployed.since,
      claiming: {
        open: async ({ assignment: { segment } }) => {
          opened.push(segment);
          const work = await market.work(honest, segment)();
          return { ...work, units: 1, execute: async () => boundaryOf(honest, segment) };
        },
        parallel: 1,
        price: 0n,
      },
      watch: new Set(),
      patience: 600,
    },
    {
      book: new JobBook(store.records<MarketRecord>('markets'), own.addresses.market),
      artifacts: {
        fetchBytes: async (cid) => artifacts.get(cid) ?? new Uint8Array(),
        release: async () => undefined,
      },
      proofs: files.proofs,
      guard: new ClaimGuard(files.guard),
      mismatches: board,
      peers: () => 1,
      log,
    },
  );
  await roles.start();
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= roles.stop();
    return stopping;
  };
  closers.push(stop);
  return { own, opened, stop };
}

function verified(content: Content, segment: number) {
  return expect
    .poll(async () => (await (await market.marketOf(0)).segment(content.id, segment)).state)
    .toBe('verified');
}

describe('a job that commits to other values than its last segment gives', () => {
  it('costs no bond: who finds out says so, signed and more than once, and proves the other segment', async () => {
    const bus = new Bus();
    const content = await postWrongJob();
    const known = await boardOf('finder', bus, { repeatMs: 10 });
    const { own, stop } = await startNode(2, content, known);
    await verified(content, 0);
    await expect.poll(() => bus.said.length).toBeGreaterThan(1);
    await stop();
    const [mismatch, ...repeated] = bus.said.map(
      ({ kind: _k, sender: _s, issued: _i, expires: _e, job, ...said }) => ({ job, said }),
    );
    expect(mismatch?.job).toBe(content.id);
    expect(mismatch?.said).toMatchObject({ segment: 1, edge: 2, block: 0 });
    for (const again of repeated) expect(again).toEqual(mismatch);
    expect(await loadMismatches(known.files.mismatches(content.id))).toEqual([mismatch?.said]);
    expect(await own.segment(content.id, 1)).toMatchObject({
      state: 'open',
      claimant: zeroAddress,
      failures: 0,
    });
    expect((await own.stake(own.chain.address)).locked).toBe(0n);
  });

  it('is left alone for a while by who hears it from others, and is no more believed than that', async () => {
    const bus = new Bus();
    const content = await postWrongJob();
    const known = await boardOf('hearer', bus);
    known.board.follow(content.id);
    await complain(bus, content.id, 0);
    const { opened } = await startNode(3, content, known);
    // Segments are taken in their order, but for those that wait.
    await expect.poll(() => opened).toContain(1);
    expect(opened).toEqual([1]);
    const found = await loadMismatches(known.files.mismatches(content.id));
    expect(found.map(({ segment }) => segment)).not.toContain(0);
  });

  it('is claimed by nobody any more once its requester has closed it', async () => {
    const content = await postWrongJob();
    await (await market.marketOf(1)).close(content.job);
    const known = await boardOf('late', new Bus());
    const next = await postWrongJob();
    const artifacts = new Map([...content.artifacts, ...next.artifacts]);
    const { opened, stop } = await startNode(2, { ...next, artifacts }, known);
    await verified(next, 0);
    await stop();
    expect((await (await market.marketOf(0)).segment(content.id, 0)).state).toBe('open');
    // The other job's, but not the earlier one's.
    expect(opened.filter((segment) => segment === 0)).toEqual([0]);
  });
});

const example: Mismatch = {
  ...{ segment: 0, edge: 0, block: 0 },
  ...{ committed: '1'.repeat(64), computed: '2'.repeat(64) },
};

/** Says by the bus, as some peer, that a segment of a job is wrong. */
async function complain(bus: Bus, job: Hex32, segment: number): Promise<SignedMessage<MarketMismatch>> {
  const signer = new Signer(await loadOrCreateIdentity(join(market.directory, 'peer')));
  const signed = signer.sign<MarketMismatch>({ kind: 'market-mismatch', job, ...example, segment });
  await bus.transport().publish('offers', signed);
  return signed;
}

describe('what others say of a job', () => {
  const job = '5'.repeat(64);

  it('makes a segment wait once, and no longer however often it is said', async () => {
    const bus = new Bus();
    const { board } = await boardOf('once', bus, { graceMs: 0 });
    board.follow(job);
    await complain(bus, job, 3);
    expect(board.isDoubted(job, 3)).toBe(false);
    const { board: patient } = await boardOf('patient', bus, { graceMs: 3_600_000 });
    patient.follow(job);
    await complain(bus, job, 3);
    expect([2, 3].map((segment) => patient.isDoubted(job, segment))).toEqual([false, true]);
    // The first time counts: it is over for the other node.
    expect(board.isDoubted(job, 3)).toBe(false);
  });

  it('is nothing to a node that does not follow the job', async () => {
    const bus = new Bus();
    const { board } = await boardOf('stranger', bus);
    await complain(bus, job, 0);
    board.follow(job);
    expect(board.isDoubted(job, 0)).toBe(false);
    await complain(bus, job, 0);
    expect(board.isDoubted(job, 0)).toBe(true);
    board.forget(job);
    expect(board.isDoubted(job, 0)).toBe(false);
  });
});
