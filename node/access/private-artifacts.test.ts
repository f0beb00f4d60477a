import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { MemoryDatastore } from 'datastore-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactStore, parseArtifactCid, partsOfRoot } from '../artifacts/store/index.ts';
import { ArtifactExchange, type ContentRouting, type Provider } from '../artifacts/transfer/index.ts';
import type { ArtifactAccess } from '../job/artifact-access.ts';
import { createLibp2pNode, type Libp2pNode } from '../network/libp2p.ts';
import { PrivateArtifacts } from './private-artifacts.ts';

/** A real node on loopback that lends and borrows. */
interface Node {
  libp2p: Libp2pNode;
  exchange: ArtifactExchange;
  lent: PrivateArtifacts;
  id: string;
}

let directory: string;
let owner: Node;
let guest: Node;
let stranger: Node;
async function* nobody(): AsyncGenerator<Provider> {}

/** CIDs that any of them told the network, or asked it for. */
const spoken: string[] = [];
const routing: ContentRouting = {
  provide: async (cid) => spoken.push(`${cid}`),
  withdraw: async () => {},
  find: (cid) => {
    spoken.push(`${cid}`);
    return nobody();
  },
};

async function start(name: string): Promise<Node> {
  const libp2p = await createLibp2pNode({
    privateKey: await generateKeyPair('Ed25519'),
    datastore: new MemoryDatastore(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    connectionsPerHost: 1000,
  });
  const folder = join(directory, name);
  const lent = await PrivateArtifacts.open({ directory: join(folder, 'private'), maxBytes: 2 ** 30, libp2p });
  const store = await ArtifactStore.open({ directory: join(folder, 'open'), maxBytes: 2 ** 30 });
  const exchange = new ArtifactExchange({}, { store, libp2p, routing, lent });
  await exchange.start();
  return { libp2p, exchange, lent, id: libp2p.peerId.toString() };
}

const sourceOf = ({ id, libp2p }: Node) => ({ peer: id, addresses: libp2p.getMultiaddrs().map(String) });

function fetch(by: ArtifactAccess, cid: string, from: Node): Promise<Uint8Array> {
  const options = { maxBytes: 2 ** 24, source: sourceOf(from), announce: false };
  return by.fetchBytes(cid, { ...options, signal: AbortSignal.timeout(300_000) });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-private-'));
  [owner, guest, stranger] = (await Promise.all(['owner', 'guest', 'stranger'].map(start))) as [
    Node,
    Node,
    Node,
  ];
});
afterAll(async () => {
  for (const { exchange, lent, libp2p } of [owner, guest, stranger]) {
    await exchange.stop();
    await lent.stop();
    await libp2p.stop();
  }
  await rm(directory, { recursive: true, force: true });
});

describe('what is lent', () => {
  // Three leaves and the node above them.
  const bytes = new Uint8Array(randomBytes(2 ** 21 + 5));
  let shelf: ArtifactAccess;
  let cid: string;
  let leaf: string;
  beforeAll(async () => {
    shelf = owner.lent.lendTo(new Set([guest.id]));
    const artifact = await shelf.put(bytes, { keepFor: 'first', announce: true });
    cid = `${artifact.cid}`;
    const root = (await owner.lent.readBlock(artifact.cid, guest.id)) ?? new Uint8Array();
    leaf = `${partsOfRoot(artifact.cid, root)[1]?.cid}`;
  });

  it('goes to the peer that it is for, and to nobody who guesses a CID', async () => {
    expect(await fetch(guest.lent.guest, cid, owner)).toEqual(bytes);
    await expect(fetch(stranger.lent.guest, cid, owner)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ARTIFACT_MISSING|DOWNLOAD_FAILED)$/),
    });
    expect(await owner.lent.readBlock(parseArtifactCid(leaf), guest.id)).toBeDefined();
    expect(await owner.lent.readBlock(parseArtifactCid(leaf), stranger.id)).toBeUndefined();
  });

  it('is not passed on by the peer that has it', async () => {
    await expect(fetch(stranger.lent.guest, cid, guest)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ARTIFACT_MISSING|DOWNLOAD_FAILED)$/),
    });
  });

  it('is neither announced nor asked for', () => {
    expect(spoken).toEqual([]);
    expect(owner.exchange.store.ls()).toEqual([]);
  });

  it('is kept as long as one job lends it, and then gone', async () => {
    const other = owner.lent.lendTo(new Set([stranger.id]));
    await other.put(bytes, { keepFor: 'other', announce: true });
    await shelf.release('first');
    expect(await owner.lent.readBlock(parseArtifactCid(cid), guest.id)).toBeUndefined();
    expect(await owner.lent.readBlock(parseArtifactCid(cid), stranger.id)).toBeDefined();
    await other.release('other');
    expect(await owner.lent.readBlock(parseArtifactCid(cid), stranger.id)).toBeUndefined();
    // Nor is it on the disk any more.
    const left = await ArtifactStore.open({
      directory: join(directory, 'owner', 'private'),
      maxBytes: 2 ** 30,
    });
    expect(left.ls()).toEqual([]);
    expect(left.bytes).toBe(0);
  });

  it('is lent to nobody after a restart', async () => {
    const again = owner.lent.lendTo(new Set([guest.id]));
    await again.put(bytes, { keepFor: 'again', announce: true });
    const reopened = await PrivateArtifacts.open({
      directory: join(directory, 'owner', 'private'),
      maxBytes: 2 ** 30,
      libp2p: owner.libp2p,
    });
    expect(await reopened.readBlock(parseArtifactCid(cid), guest.id)).toBeUndefined();
  });
});
