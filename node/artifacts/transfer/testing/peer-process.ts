/** A test peer in a process of its own, that does what its parent asks for; {@link peer-client.ts} is the parent's side. */
import { execFile } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { TesseraError } from '../../../../protocol/errors.ts';
import { parseArtifactCid } from '../../store/index.ts';
import { receiveBare, serveBare } from './bare-stream.ts';
import { startTestPeer, type TestPeer, type TestPeerInit } from './peer.ts';
import type { Answer, Ask, Contact, PeerCommands } from './peer-client.ts';
import { sampleBytes } from './sample.ts';

let peer: TestPeer;

const commands: PeerCommands = {
  async start(init: TestPeerInit) {
    peer = await startTestPeer(init);
    await serveBare(peer.libp2p);
    return { peer: peer.libp2p.peerId.toString(), multiaddrs: peer.libp2p.getMultiaddrs().map(String) };
  },
  async add({ seed, bytes }) {
    const { cid, sha256 } = await peer.store.add(sampleBytes(seed, bytes));
    return { cid: cid.toString(), sha256 };
  },
  async told({ cid }) {
    await peer.exchange.announcer.told(parseArtifactCid(cid));
  },
  async fetch({ cid, providers = [], ...request }) {
    const idle = process.memoryUsage.rss();
    let peak = idle;
    const sample = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
    const started = performance.now();
    const faults: string[] = [];
    let announced = false;
    try {
      const { sha256, bytes } = await peer.exchange.fetch({
        ...request,
        cid: parseArtifactCid(cid),
        providers: providers.map(toProvider),
        onFault: ({ fault }) => {
          faults.push(fault);
          process.send?.({ fault } satisfies Answer);
        },
        onProgress: (progress) => {
          // So that the parent can act in the middle.
          if (!announced && progress.bytes > 0) process.send?.({ began: progress } satisfies Answer);
          announced ||= progress.bytes > 0;
        },
      });
      return {
        sha256,
        bytes,
        faults,
        seconds: (performance.now() - started) / 1000,
        addedBytes: peak - idle,
      };
    } finally {
      clearInterval(sample);
    }
  },
  async receiveBare({ provider, bytes, file }) {
    return { seconds: await receiveBare(peer.libp2p, toProvider(provider), bytes, file) };
  },
  async drop({ cid }) {
    await peer.store.remove(parseArtifactCid(cid));
  },
  async bytesSent() {
    return peer.exchange.server.bytesSent;
  },
  async read({ cid }) {
    let bytes = 0;
    await pipeline(peer.store.get(parseArtifactCid(cid)), async (blocks) => {
      for await (const block of blocks) bytes += block.length;
    });
    return bytes;
  },
  async grow({ path, megabytes }) {
    await promisify(execFile)('mount', ['-o', `remount,size=${megabytes}m`, path]);
  },
};

function toProvider({ peer, multiaddrs }: Contact) {
  return { peer: peerIdFromString(peer), multiaddrs: multiaddrs.map((address) => multiaddr(address)) };
}

process.on('message', async ({ id, method, argument }: Ask) => {
  const act = commands[method] as (argument: unknown) => Promise<unknown>;
  try {
    process.send?.({ id, value: await act(argument) } satisfies Answer);
  } catch (error) {
    const failure = error instanceof TesseraError ? error.toJSON() : { message: String(error) };
    process.send?.({ id, failure } satisfies Answer);
  }
});
// The parent is gone.
process.on('disconnect', () => process.exit());
