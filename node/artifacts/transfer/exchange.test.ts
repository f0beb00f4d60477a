import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import * as dagPb from '@ipld/dag-pb';
import type { Stream } from '@libp2p/interface';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Artifact } from '../store/index.ts';
import type { DownloadOptions, FaultReport } from './download.ts';
import { artifactProtocol, encodeAnswerHead, requestBytes } from './protocol.ts';
import { StreamReader } from './stream-io.ts';
import { noRouting } from './testing/no-routing.ts';
import { startTestPeer, type TestPeer } from './testing/peer.ts';

const MiB = 2 ** 20;

const download: Partial<DownloadOptions> = {
  attempts: 2,
  retryMs: 20,
  searchPausesMs: [0],
  hedgeMs: 60_000,
};

/** What a provider does when it is asked for a block. */
type Attack = (stream: Stream, cid: CID, block: Uint8Array) => Promise<void>;

/** A provider that behaves as told. */
async function startAttacker(attack: Attack): Promise<TestPeer> {
  const node = await peer();
  await node.store.add([bytes]);
  const serve = async (stream: Stream) => {
    const reader = new StreamReader(stream, () => MiB);
    const frame = new Uint8Array(requestBytes);
    try {
      while (await reader.fill(frame, { stallMs: 60_000 })) {
        const cid = CID.decode(frame);
        await attack(stream, cid, (await node.store.readBlock(cid)) ?? new Uint8Array());
      }
    } catch (error) {
      // The victim broke off, which is what it should do.
      if (stream.status === 'open') throw error;
    }
  };
  await node.libp2p.handle(artifactProtocol, serve, { force: true });
  return node;
}

let directory: string;
let honest: TestPeer;
let other: TestPeer;
let attacker: TestPeer;
let attack: Attack;
const bytes = randomBytes(6 * MiB + 5);
let artifact: Artifact;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'artifact-exchange-'));
  [honest, other, attacker] = await Promise.all([
    peer(),
    peer(),
    startAttacker((...request) => attack(...request)),
  ]);
  artifact = await honest.store.add([bytes]);
  await other.store.add([bytes]);
});
afterAll(async () => {
  await Promise.all([honest, other, attacker].map((node) => node.stop()));
  await rm(directory, { recursive: true, force: true });
});

async function peer(
  more: { maxBytes?: number; download?: Partial<DownloadOptions> } = {},
): Promise<TestPeer> {
  const init = {
    directory: await mkdtemp(join(directory, 'peer-')),
    ...(more.maxBytes === undefined ? {} : { maxBytes: more.maxBytes }),
    options: { download: { ...download, ...more.download } },
  };
  // One that fetched an artifact tells of it: another test is not to find it.
  return startTestPeer(init, noRouting);
}

/** A peer with an empty store, that fetches. */
async function fetcher(more: Parameters<typeof peer>[0] = {}): Promise<TestPeer> {
  const started = await peer(more);
  onTestFinished(() => started.stop());
  return started;
}

/** Bytes of blocks that the honest providers sent while `act` ran. */
async function sentDuring(act: () => Promise<unknown>): Promise<number> {
  const sent = () => honest.exchange.server.bytesSent + other.exchange.server.bytesSent;
  const before = sent();
  await act();
  return sent() - before;
}

const request = (providers: readonly TestPeer[] = [honest]) => ({
  cid: artifact.cid,
  sha256: artifact.sha256,
  maxBytes: 10 * MiB,
  providers: providers.map(({ provider }) => provider),
});

async function expectWhole({ store }: TestPeer): Promise<void> {
  expect((await buffer(store.get(artifact.cid))).equals(bytes)).toBe(true);
}

describe('an artifact is fetched', () => {
  it.each([0, 1, MiB, MiB + 1, 3 * MiB])('whole, %i bytes', async (size) => {
    const content = randomBytes(size);
    const { cid, sha256 } = await honest.store.add([content]);
    const node = await fetcher();
    const fetched = await node.exchange.fetch({ ...request(), cid, sha256 });
    expect(fetched).toMatchObject({ bytes: size, sha256, pinned: false });
    expect((await buffer(node.store.get(cid))).equals(content)).toBe(true);
  });

  it('from several providers, each block from one', async () => {
    const node = await fetcher();
    const before = [honest, other].map(({ exchange }) => exchange.server.bytesSent);
    const sent = await sentDuring(() => node.exchange.fetch(request([honest, other])));
    const after = [honest, other].map(({ exchange }) => exchange.server.bytesSent);
    expect(after.every((count, index) => count > (before[index] ?? 0))).toBe(true);
    expect(sent).toBe(node.store.bytes);
    await expectWhole(node);
  });

  it('and shows how it goes on', async () => {
    const node = await fetcher();
    const seen: number[] = [];
    let total: number | undefined;
    await node.exchange.fetch({
      ...request(),
      pin: true,
      onProgress: (progress) => {
        seen.push(progress.bytes);
        total = progress.totalBytes;
      },
    });
    expect(seen).toEqual(seen.toSorted((one, next) => one - next));
    expect([seen.at(-1), total]).toEqual([bytes.length, bytes.length]);
    expect(node.store.find(artifact.cid)).toMatchObject({ pinned: true });
  });

  it('once, however many ask for it', async () => {
    const node = await fetcher();
    const sent = await sentDuring(() =>
      Promise.all([1, 2, 3].map(() => node.exchange.fetch(request([honest, other])))),
    );
    expect(sent).toBe(node.store.bytes);
    expect(await sentDuring(() => node.exchange.fetch(request()))).toBe(0);
  });

  it('as long as one who asked still wants it', async () => {
    const node = await fetcher();
    const leaving = new AbortController();
    const left = node.exchange.fetch({ ...request(), signal: leaving.signal });
    const staying = node.exchange.fetch(request());
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
    await staying;
    await expectWhole(node);
  });

  it('from whom a later request names, where the first one’s providers send nothing', async () => {
    const node = await fetcher({ download: { hedgeMs: 50 } });
    const asked = Promise.withResolvers<void>();
    attack = async () => asked.resolve();
    const first = node.exchange.fetch(request([attacker]));
    await asked.promise;
    await Promise.all([first, node.exchange.fetch(request([honest]))]);
    await expectWhole(node);
  });

  it('from where it was interrupted', async () => {
    const node = await fetcher();
    const controller = new AbortController();
    const onProgress = ({ bytes }: { bytes: number }) => bytes >= 2 * MiB && controller.abort();
    const interrupted = node.exchange.fetch({ ...request(), signal: controller.signal, onProgress });
    await expect(interrupted).rejects.toMatchObject({ code: 'ABORTED' });
    // What was on its way is still being stored.
    await node.exchange.stop();
    const have = node.store.bytes;
    expect(have).toBeGreaterThanOrEqual(2 * MiB);
    expect(node.store.ls()).toEqual([]);

    const sent = await sentDuring(() => node.exchange.fetch(request()));
    expect(sent).toBe(node.store.bytes - have);
    await expectWhole(node);
  });
});

describe('an artifact is refused', () => {
  it('that is larger than allowed, after its first block', async () => {
    const node = await fetcher();
    const sent = await sentDuring(() =>
      expect(node.exchange.fetch({ ...request(), maxBytes: 6 * MiB })).rejects.toMatchObject({
        code: 'DOWNLOAD_FAILED',
        details: { bytes: bytes.length, maxBytes: 6 * MiB },
      }),
    );
    expect(sent).toBeLessThan(1000);
  });

  it('that is larger than allowed, though it is here already', async () => {
    const node = await fetcher();
    await node.exchange.fetch(request());
    await expect(node.exchange.fetch({ ...request(), maxBytes: 6 * MiB })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      details: { bytes: bytes.length, maxBytes: 6 * MiB },
    });
  });

  it('that the store can never hold', async () => {
    const node = await fetcher({ maxBytes: 5 * MiB });
    await expect(node.exchange.fetch(request())).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
  });

  it('for which pinned ones leave no room, and they stay', async () => {
    const node = await fetcher({ maxBytes: 8 * MiB });
    const pinned = await node.store.add([randomBytes(3 * MiB)], { pin: true });
    await expect(node.exchange.fetch(request())).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(node.store.ls()).toMatchObject([{ cid: pinned.cid }]);
    await node.store.unpin(pinned.cid);
    await node.exchange.fetch(request());
    await expectWhole(node);
  });

  it('whose bytes have another digest than was asked for, though it stays for who names it rightly', async () => {
    const node = await fetcher();
    await expect(node.exchange.fetch({ ...request(), sha256: '00'.repeat(32) })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      details: { sha256: artifact.sha256 },
    });
    expect(await sentDuring(() => node.exchange.fetch(request()))).toBe(0);
    await expectWhole(node);
  });

  it('that nobody has', async () => {
    const node = await fetcher();
    const cid = CID.createV1(raw.code, await sha256.digest(randomBytes(32)));
    const nobody = node.exchange.fetch({ cid, maxBytes: MiB });
    await expect(nobody).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
    const notHere = node.exchange.fetch({ ...request(), cid });
    await expect(notHere).rejects.toMatchObject({ code: 'ARTIFACT_MISSING' });
  });

  it('whose CID names something else', async () => {
    const node = await fetcher();
    const block = dagPb.encode({ Links: [] });
    const cid = CID.createV1(dagPb.code, await sha256.digest(block));
    attack = async (stream) => {
      stream.send(encodeAnswerHead(block.length));
      stream.send(block);
    };
    const fetched = node.exchange.fetch({ cid, maxBytes: MiB, providers: [attacker.provider] });
    await expect(fetched).rejects.toMatchObject({ code: 'ENCODING_INVALID' });
  });
});

describe.each<[string, FaultReport['fault'], Attack]>([
  [
    'other bytes',
    'bad-block',
    async (stream, _, block) => {
      stream.send(encodeAnswerHead(block.length));
      stream.send(block.with(block.length - 1, 1 ^ (block.at(-1) ?? 0)));
    },
  ],
  [
    'another block',
    'bad-block',
    async (stream) => {
      stream.send(encodeAnswerHead(MiB));
      stream.send(bytes.subarray(0, MiB));
    },
  ],
  [
    'a leaf that is too short',
    'bad-block',
    async (stream, cid, block) => {
      const sent = cid.code === raw.code ? block.subarray(1) : block;
      stream.send(encodeAnswerHead(sent.length));
      stream.send(sent);
    },
  ],
  [
    'a block of 2 GiB',
    'protocol',
    async (stream) => {
      stream.send(encodeAnswerHead(2 ** 31));
    },
  ],
  [
    'bytes without an end',
    'protocol',
    async (stream, _, block) => {
      stream.send(encodeAnswerHead(block.length));
      stream.send(block);
      while (stream.writeStatus === 'writable') {
        stream.send(new Uint8Array(MiB));
        await sleep(1);
      }
    },
  ],
  ['nothing', 'stall', async () => {}],
  [
    'half a block, and nothing more',
    'stall',
    async (stream, _, block) => {
      stream.send(encodeAnswerHead(block.length));
      stream.send(block.subarray(0, block.length / 2));
    },
  ],
  [
    'a byte now and then',
    'stall',
    async (stream, _, block) => {
      stream.send(encodeAnswerHead(block.length));
      for (const byte of block) {
        if (stream.writeStatus !== 'writable') return;
        stream.send(Uint8Array.of(byte));
        await sleep(50);
      }
    },
  ],
  [
    'half a block, and ends',
    'broken',
    async (stream, _, block) => {
      stream.send(encodeAnswerHead(block.length));
      stream.send(block.subarray(0, block.length / 2));
      await stream.close();
    },
  ],
  [
    'that it has nothing',
    'missing',
    async (stream) => {
      stream.send(encodeAnswerHead(undefined));
    },
  ],
])('a provider that sends %s', (_, fault, behaviour) => {
  let impatient: TestPeer;
  /** It waits for no fault: others are asked for what is long under way. */
  let patient: TestPeer;
  beforeAll(async () => {
    [impatient, patient] = await Promise.all([
      peer({ download: { stallMs: 200, blockMs: 500 } }),
      peer({ download: { hedgeMs: 50 } }),
    ]);
  });
  afterAll(() => Promise.all([impatient.stop(), patient.stop()]));

  it('is reported', async () => {
    attack = behaviour;
    const faults: FaultReport[] = [];
    // On a busy machine an impatient one takes anybody's pause for a stall.
    const node = fault === 'stall' ? impatient : patient;
    const alone = node.exchange.fetch({
      ...request([attacker]),
      onFault: (report) => faults.push(report),
    });
    const code = fault === 'missing' ? 'ARTIFACT_MISSING' : 'DOWNLOAD_FAILED';
    await expect(alone).rejects.toMatchObject({ code });
    await node.store.remove(artifact.cid);
    const proven = fault === 'bad-block' || fault === 'protocol';
    expect(faults.map((report) => report.fault)).toEqual(proven ? [fault] : [fault, fault]);
    expect(faults.every(({ peer }) => peer.equals(attacker.libp2p.peerId))).toBe(true);
  });

  it('is replaced by another one', async () => {
    attack = behaviour;
    await patient.exchange.fetch(request([attacker, honest]));
    await expectWhole(patient);
    await patient.store.remove(artifact.cid);
  });
});

it('a peer that cannot be reached is passed over', async () => {
  const node = await fetcher();
  const gone = await peer();
  await gone.stop();
  const faults: string[] = [];
  await node.exchange.fetch({
    ...request([gone, honest]),
    onFault: ({ fault }) => faults.push(fault),
  });
  await expectWhole(node);
  expect(new Set(faults)).toEqual(new Set(['broken']));
});
