import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, encodeEventTopics, type Hex, pad, toHex } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Anvil, type AnvilClient, startAnvil } from '../../contracts/testing/anvil.ts';
import { marketAbi } from './abi.ts';
import { Chain, type ChainInit } from './chain-client.ts';
import { EventReader, type EventReaderOptions, type MarketEvent, readEvents } from './events.ts';
import { jsonFile } from './file-store.ts';
import { Market } from './market.ts';
import { ForwardingEndpoint, type Intercept, rpcError } from './testing/forwarding-endpoint.ts';

/** Stands in the market's place: logs what it is called with, as the four topics of an event without data. */
const emitter = '0x60603560403560203560003560006000a400';
const address = `0x${'e'.repeat(40)}` as const;

let anvil: Anvil;
let client: AnvilClient;
let directory: string;
let cursor: string;
let since: bigint;
let next = 0n;
const endpoints: ForwardingEndpoint[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-events-'));
  anvil = await startAnvil();
  client = anvil.client(0);
  await client.setCode({ address, bytecode: emitter });
});

afterAll(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  anvil?.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  cursor = join(directory, `cursor-${next}.json`);
  since = (await client.getBlockNumber({ cacheTime: 0 })) + 1n;
});

/** Mines a block with so many settlements; each names another segment. */
async function settle(count = 1): Promise<bigint[]> {
  const segments = Array.from({ length: count }, () => next++);
  await client.setAutomine(false);
  for (const segment of segments) {
    const topics = encodeEventTopics({
      abi: marketAbi,
      eventName: 'SegmentSettled',
      args: { job: pad('0x1'), segment, claimant: client.account.address },
    }) as Hex[];
    await client.sendTransaction({ to: address, data: concat(topics), gas: 100_000n });
  }
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  return segments;
}

async function marketAt(url: string, pace: NonNullable<ChainInit['pace']> = {}): Promise<Market> {
  const chain = await Chain.connect({ urls: [url], pace: { confirmations: 1, ...pace } });
  return new Market(chain, { market: address, models: address, nodes: address });
}

async function intercepted(intercept: Intercept): Promise<ForwardingEndpoint> {
  const endpoint = await ForwardingEndpoint.start(anvil.url, intercept);
  endpoints.push(endpoint);
  return endpoint;
}

const segmentOf = ({ args }: MarketEvent) => (args as { segment: bigint }).segment;

interface Reading {
  seen: bigint[];
  reader: EventReader;
}

/** A reader of a process of its own, which only shares the file with those before it. */
function readerOf(market: Market, handle?: EventReaderOptions['handle']): Reading {
  const seen: bigint[] = [];
  const file = jsonFile(cursor);
  const reader = new EventReader(market, {
    since,
    store: { load: () => file.load(z.unknown()), save: file.save },
    handle: async (event) => {
      await handle?.(event);
      seen.push(segmentOf(event));
    },
  });
  return { seen, reader };
}

async function readAll(market: Market): Promise<bigint[]> {
  const { seen, reader } = readerOf(market);
  await reader.catchUp();
  return seen;
}

const reorganise = (depth: number) =>
  client.request({ method: 'anvil_reorg' as never, params: [depth, []] as never });

describe('events', () => {
  it('come once and in order, over restarts in the middle of a block', async () => {
    const market = await marketAt(anvil.url);
    const emitted = [...(await settle(3)), ...(await settle(1)), ...(await settle(3))];
    const seen: bigint[] = [];
    for (let runs = 0; seen.length < emitted.length; runs++) {
      expect(runs).toBeLessThanOrEqual(emitted.length);
      let left = 2;
      const { reader, seen: now } = readerOf(market, async () => {
        if (left-- === 0) throw new Error('the process ends');
      });
      await reader.catchUp().catch((error: Error) => expect(error.message).toBe('the process ends'));
      seen.push(...now);
    }
    expect(seen).toEqual(emitted);
    expect(await readAll(market)).toEqual([]);
  });

  it('are not taken for final before their confirmations', async () => {
    const market = await marketAt(anvil.url, { confirmations: 3 });
    const emitted = await settle();
    expect(await readAll(market)).toEqual([]);
    await client.mine({ blocks: 1 });
    expect(await readAll(market)).toEqual([]);
    await client.mine({ blocks: 1 });
    expect(await readAll(market)).toEqual(emitted);
  });

  it('of blocks that came in the place of others are new ones, whatever those had', async () => {
    const market = await marketAt(anvil.url);
    const kept = await settle();
    await settle(2);
    await settle();
    expect(await readAll(market)).toHaveLength(4);
    await reorganise(2);
    expect(await readAll(market)).toEqual([]);
    const after = await settle(2);
    expect(await readAll(market)).toEqual(after);
    expect(kept).toHaveLength(1);
  });

  it('of a block that came in the place of one half handled are all handled', async () => {
    const market = await marketAt(anvil.url);
    await settle(2);
    let left = 1;
    const { reader, seen } = readerOf(market, async () => {
      if (left-- === 0) throw new Error('the process ends');
    });
    await expect(reader.catchUp()).rejects.toThrow('the process ends');
    expect(seen).toHaveLength(1);
    const snapshot = await client.getBlock();
    await reorganise(1);
    // What a reorganisation takes out is in the pool again: the new block shall have other transactions.
    await client.request({ method: 'anvil_dropAllTransactions' as never });
    const instead = await settle(2);
    expect((await client.getBlock({ blockNumber: snapshot.number })).hash).not.toBe(snapshot.hash);
    expect(await readAll(market)).toEqual(instead);
  });

  it('are read again when the chain is reorganised while they are read', async () => {
    let isFirst = true;
    let instead: bigint[] = [];
    const endpoint = await intercepted(async ({ method }, forward) => {
      if (method !== 'eth_getLogs' || !isFirst) return undefined;
      isFirst = false;
      const body = await forward();
      await reorganise(1);
      await client.request({ method: 'anvil_dropAllTransactions' as never });
      instead = await settle(1);
      return { body };
    });
    await settle(2);
    expect(await readAll(await marketAt(endpoint.url))).toEqual(instead);
  });

  it('come through an endpoint that takes few blocks at once, however it says so', async () => {
    const emitted = await settle();
    await client.mine({ blocks: 40 });
    emitted.push(...(await settle(2)));
    await client.mine({ blocks: 20 });
    emitted.push(...(await settle()));
    const tooMany = [
      (request: Parameters<Intercept>[0]) => rpcError(request, -32_005, 'query returned more than 7 blocks'),
      (request: Parameters<Intercept>[0]) => rpcError(request, -32_602, 'block range is too wide'),
      (request: Parameters<Intercept>[0]) => rpcError(request, -32_603, 'internal error'),
      () => ({ status: 413, body: { error: 'too large' } }),
      () => ({ status: 400, body: { error: 'eth_getLogs is limited to a 7 range' } }),
    ];
    for (const refusal of tooMany) {
      const endpoint = await intercepted((request) => {
        if (request.method !== 'eth_getLogs') return undefined;
        const [{ fromBlock, toBlock }] = request.params as [{ fromBlock: Hex; toBlock: Hex }];
        return Number(toBlock) - Number(fromBlock) + 1 > 7 ? refusal(request) : undefined;
      });
      const market = await marketAt(endpoint.url, { eventSpan: 1_000 });
      const events = await readEvents(market, since, await client.getBlockNumber({ cacheTime: 0 }));
      expect(events.map(segmentOf)).toEqual(emitted);
    }
    const plain = await marketAt(anvil.url, { eventSpan: 7 });
    expect(await readAll(plain)).toEqual(emitted);
  });

  it('come through an endpoint that limits requests', async () => {
    const emitted = await settle();
    let refusals = 3;
    const endpoint = await intercepted(({ method }) =>
      method === 'eth_getLogs' && refusals-- > 0
        ? { status: 429, headers: { 'retry-after': '0' }, body: { error: 'slow down' } }
        : undefined,
    );
    expect(await readAll(await marketAt(endpoint.url))).toEqual(emitted);
  });
});

describe('a cursor', () => {
  it('that is damaged is named, and left as it is', async () => {
    const market = await marketAt(anvil.url);
    for (const damaged of ['{"blocks": [', '{"blocks": 3}', toHex('cursor')]) {
      await writeFile(cursor, damaged);
      await expect(readAll(market)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        remedy: expect.stringContaining('emove'),
      });
      expect(await readFile(cursor, 'utf8')).toBe(damaged);
    }
  });
});
