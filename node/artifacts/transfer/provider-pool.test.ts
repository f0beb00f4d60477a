import { generateKeyPair } from '@libp2p/crypto/keys';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { beforeEach, expect, it } from 'vitest';
import { artifactCid } from '../../../protocol/ids.ts';
import { parseArtifactCid } from '../store/index.ts';
import { maxProviders, ProviderPool } from './provider-pool.ts';
import { type Fault, ProviderFault } from './provider-session.ts';
import type { ContentRouting, Provider } from './routing.ts';

const cid = parseArtifactCid(artifactCid('aa'.repeat(32)));
const newProvider = async (): Promise<Provider> => ({
  peer: peerIdFromPrivateKey(await generateKeyPair('Ed25519')),
  multiaddrs: [],
});
const fault = (kind: Fault) => new ProviderFault(kind, 'it failed');

let self: Provider;
let one: Provider;
let two: Provider;
let pool: ProviderPool;
beforeEach(async () => {
  [self, one, two] = await Promise.all([newProvider(), newProvider(), newProvider()]);
  pool = new ProviderPool(
    { headStartMs: 5, searchPausesMs: [0, 1], searchMs: 1000, attempts: 3, retryMs: 10 },
    self.peer,
    () => {},
  );
});

/** Searches to the end; each search finds what is listed for it, or fails. */
async function search(...found: (Provider[] | Error)[]): Promise<void> {
  const routing: Pick<ContentRouting, 'find'> = {
    async *find() {
      const next = found.shift() ?? [];
      if (next instanceof Error) throw next;
      yield* next;
    },
  };
  await pool.search(cid, routing as ContentRouting, new AbortController().signal);
}

it('tries whom it knows once at a time, and never itself', async () => {
  pool.add(self);
  pool.add(one);
  pool.add(one);
  await search([one, self], [two]);
  expect([pool.take(0), pool.take(0), pool.take(0)]).toEqual([one, two, undefined]);
  expect(pool.size).toBe(2);
});

it('keeps account of so many, whoever the network names', async () => {
  const crowd = Array.from({ length: maxProviders }, (_, index) => ({
    peer: { toString: () => `peer ${index}`, equals: () => false } as unknown as PeerId,
    multiaddrs: [],
  }));
  pool.add(one);
  await search(crowd, [two]);
  expect(pool.size).toBe(maxProviders);
  expect(pool.take(0)).toBe(one);
});

it('tries one that failed again after a pause, which grows, and after others', () => {
  pool.add(one);
  pool.add(two);
  pool.take(0);
  pool.failed(one, fault('broken'), false, 0);
  expect(pool.take(19)).toBe(two);
  expect(pool.take(19)).toBeUndefined();
  expect(pool.take(20)).toBe(one);
  pool.failed(one, fault('stall'), false, 20);
  expect(pool.take(59)).toBeUndefined();
  expect(pool.take(60)).toBe(one);
});

it.each([
  ['after three failures in a row', 'missing', false, 3],
  ['at once for what is proven', 'bad-block', true, 1],
  ['at once for a breach of the protocol', 'protocol', true, 1],
] as const)('gives one up %s', async (_, kind, delivered, times) => {
  await search([one]);
  for (let failure = 0; failure < times; failure++) {
    expect(pool.exhausted).toBe(false);
    expect(pool.take(1e9 * failure)).toBe(one);
    pool.failed(one, fault(kind), delivered, 1e9 * failure);
  }
  expect(pool.exhausted).toBe(true);
  expect(pool.take(1e12)).toBeUndefined();
});

it('does not give up one whose line breaks, but that delivers each time', async () => {
  await search([one]);
  for (let failure = 0; failure < 20; failure++) {
    expect(pool.take(1e9 * failure)).toBe(one);
    pool.failed(one, fault('broken'), true, 1e9 * failure);
  }
  expect(pool.exhausted).toBe(false);
});

it('goes on searching after a search that failed', async () => {
  const failure = new Error('no route');
  await search(failure, [one]);
  expect(pool.searchFailure).toBe(failure);
  expect(pool.take(0)).toBe(one);
});

it('is exhausted only when the search is over', async () => {
  expect(pool.exhausted).toBe(false);
  await search();
  expect(pool.exhausted).toBe(true);
});

it('does not wait for a search that does not end when it is told to', async () => {
  const cancelled = new AbortController();
  const routing: Pick<ContentRouting, 'find'> = {
    async *find() {
      yield one;
      cancelled.abort();
      await new Promise(() => {});
    },
  };
  await pool.search(cid, routing as ContentRouting, cancelled.signal);
  expect(pool.exhausted).toBe(false);
  expect(pool.take(0)).toBe(one);
});

it('looks for others at once when all that were named are given up', async () => {
  const patience = { headStartMs: 2 ** 30, searchPausesMs: [0], searchMs: 1000, attempts: 3, retryMs: 10 };
  pool = new ProviderPool(patience, self.peer, () => {});
  pool.add(one);
  const found = search([two]);
  pool.take(0);
  pool.failed(one, fault('bad-block'), false, 0);
  await found;
  expect(pool.take(0)).toBe(two);
});
