import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stream, type StreamHandler, StreamMessageEvent, TypedEventEmitter } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Artifact, ArtifactStore } from '../store/index.ts';
import { artifactProtocol, decodeAnswerHead, requestBytes, transferLimits } from './protocol.ts';
import { ArtifactServer, type ArtifactServerOptions } from './server.ts';
import { StreamReader } from './stream-io.ts';
import { startTestPeer, type TestPeer } from './testing/peer.ts';

const MiB = 2 ** 20;
const patience = { stallMs: 30_000 };

let directory: string;
let client: TestPeer;
let provider: TestPeer;
let artifact: Artifact;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'artifact-server-'));
  client = await startTestPeer({ directory: join(directory, 'client') });
});
afterEach(async () => {
  await Promise.all([client.stop(), provider.stop()]);
  await rm(directory, { recursive: true, force: true });
});

async function serve(server: Partial<ArtifactServerOptions> = {}): Promise<void> {
  provider = await startTestPeer({ directory: join(directory, 'provider'), options: { server } });
  artifact = await provider.store.add([randomBytes(MiB)]);
}

const open = () => client.libp2p.dialProtocol(provider.provider.multiaddrs[0] as never, artifactProtocol);

/** Asks for the artifact and waits for the answer's head; undefined when the stream is ended instead. */
async function askOnce(stream: Stream): Promise<number | undefined> {
  const reader = new StreamReader(stream, () => 4 * MiB);
  const head = new Uint8Array(4);
  try {
    stream.send(artifact.cid.bytes);
    return (await reader.fill(head, patience)) ? decodeAnswerHead(head) : undefined;
  } catch {
    return undefined;
  } finally {
    reader.close();
  }
}

async function untilOver(stream: Stream): Promise<void> {
  await expect.poll(() => ['reset', 'closed', 'aborted'].includes(stream.status)).toBe(true);
}

describe('a server of blocks', () => {
  it.each([
    ['bytes that are no CID', () => randomBytes(requestBytes)],
    ['the CID of something else', () => artifact.cid.bytes.with(1, 0x71)],
    ['more than it may ask for at once', () => Buffer.concat(Array(100).fill(artifact.cid.bytes))],
  ])('ends a stream on which a peer sends %s', async (_, bytes) => {
    await serve();
    const stream = await open();
    stream.send(bytes());
    await untilOver(stream);
    expect(await askOnce(await open())).toBe(MiB);
  });

  it('serves a peer no more streams at once than it may have', async () => {
    await serve({ streamsPerPeer: 2 });
    const streams = [await open(), await open()];
    for (const stream of streams) expect(await askOnce(stream)).toBe(MiB);
    expect(await askOnce(await open())).toBeUndefined();
    await streams[0]?.close();
    await expect.poll(async () => askOnce(await open())).toBe(MiB);
  });

  it('serves no more streams at once than it can', async () => {
    await serve({ streams: 1 });
    expect(await askOnce(await open())).toBe(MiB);
    expect(await askOnce(await open())).toBeUndefined();
  });

  it('answers the streams that wait in line as soon as others ask for nothing', async () => {
    await serve({ answering: 1 });
    const streams = await Promise.all([open(), open(), open()]);
    expect(await Promise.all(streams.map(askOnce))).toEqual([MiB, MiB, MiB]);
    expect(provider.exchange.server.streams).toBe(3);
  });

  it('leaves a peer that asks and does not take', async () => {
    await serve({ stallMs: 1_000 });
    const stream = await open();
    stream.pause();
    for (let count = 0; count < 8; count++) stream.send(artifact.cid.bytes);
    await expect.poll(() => provider.exchange.server.streams).toBe(1);
    await expect.poll(() => provider.exchange.server.streams).toBe(0);
  });

  it('leaves alone the memory of what it sent, for as long as libp2p may hold it', async () => {
    await serve();
    const { requestsAhead } = transferLimits;
    const blocks = Array.from({ length: requestsAhead }, () => randomBytes(MiB));
    const store = await ArtifactStore.open({ directory: join(directory, 'store'), maxBytes: 2 ** 30 });
    const cids = await Promise.all(blocks.map(async (block) => (await store.add([block])).cid));
    const handlers: StreamHandler[] = [];
    const libp2p = { handle: async (_: unknown, handler: StreamHandler) => void handlers.push(handler) };
    const server = new ArtifactServer({}, { store, libp2p: { ...libp2p, unhandle: async () => {} } });
    await server.start();
    // A line that takes everything and sends nothing on yet: a real one does so as its peer's pace has it.
    const held: Uint8Array[] = [];
    const stream = Object.assign(new TypedEventEmitter(), {
      send: (bytes: Uint8Array) => void held.push(bytes),
      abort: () => {},
      close: async () => {},
      remoteWriteStatus: 'writable',
      writableNeedsDrain: false,
      writeBufferLength: 0,
    });
    void handlers[0]?.(stream as never, { remotePeer: client.libp2p.peerId } as never);
    for (const { bytes } of cids) stream.dispatchEvent(new StreamMessageEvent(bytes));
    await expect.poll(() => held.length).toBe(2 * requestsAhead);
    blocks.forEach((block, turn) => {
      expect(block.equals(held[2 * turn + 1] as Uint8Array)).toBe(true);
    });
    stream.dispatchEvent(new Event('remoteCloseWrite'));
  });

  it('leaves a peer that asks for nothing', async () => {
    await serve({ stallMs: 100 });
    const stream = await open();
    stream.send(artifact.cid.bytes.subarray(0, 5));
    await untilOver(stream);
  });

  it('sends a peer no more a second than it may have, over all its streams', async () => {
    await serve({ bytesPerSecondPerPeer: 4 * MiB });
    const started = performance.now();
    for (let count = 0; count < 3; count++) expect(await askOnce(await open())).toBe(MiB);
    // Two blocks must be over before the third may leave; timers may be a little early.
    expect(performance.now() - started).toBeGreaterThan(450);
  });
});
