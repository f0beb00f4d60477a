import { setTimeout as sleep } from 'node:timers/promises';
import { type Hex, type Log, parseEventLogs } from 'viem';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { marketAbi } from './abi.ts';
import { attempt } from './chain-client.ts';
import type { Market } from './market.ts';

/** One event of the market, decoded. */
export type MarketEvent = ReturnType<typeof decode>[number];

/** Up to where events have been handled, with what is needed to notice that the chain was reorganised. */
const cursorSchema = z.object({
  /** Hashes of the last blocks that were handled whole, the newest last. */
  blocks: z.array(z.object({ number: z.int().min(0), hash: z.string().regex(/^0x[0-9a-f]{64}$/) })).max(64),
  /** Log indices that were handled of the block after these. */
  handled: z.array(z.int().min(0)).max(100_000),
});

export type Cursor = z.infer<typeof cursorSchema>;

/** Where a cursor outlives the process. */
export interface CursorStore {
  load(): Promise<unknown>;
  save(cursor: Cursor): Promise<void>;
}

export interface FollowOptions {
  /** The block to begin with, where no cursor is stored. */
  since: bigint;
  store: CursorStore;
  /** Sees every event once, in the chain's order; when it fails, so does the reading, and the event comes again. */
  handle(event: MarketEvent): Promise<void>;
  signal?: AbortSignal;
}

/** Blocks whose hashes are remembered. */
const remembered = 64;

/**
 * Events of a market, each handled once though the process ends in between: the cursor is stored after each. Blocks
 * below the network's confirmations are not read yet. Where the chain was reorganised deeper than that, reading goes on
 * from the last block that still stands.
 */
export class EventReader {
  readonly #market: Market;
  readonly #options: FollowOptions;

  constructor(market: Market, options: FollowOptions) {
    this.#market = market;
    this.#options = options;
  }

  /** Handles all that is final now. @returns how many events there were */
  async catchUp(): Promise<number> {
    const { signal } = this.#options;
    let cursor = await this.#standing(await this.#load());
    let count = 0;
    for (;;) {
      throwIfAborted(signal);
      const last = cursor.blocks.at(-1);
      const from = last === undefined ? this.#options.since : BigInt(last.number) + 1n;
      const head = await this.#finalHead();
      if (head < from) return count;
      const span = BigInt(this.#market.chain.network.eventSpan);
      const to = head < from + span - 1n ? head : from + span - 1n;
      for (const event of await readEvents(this.#market, from, to)) {
        throwIfAborted(signal);
        cursor = await this.#handle(cursor, event, from);
        count++;
      }
      cursor = await this.#finish(cursor, to);
    }
  }

  /** Handles events as they come, until it is cancelled. */
  async follow(): Promise<void> {
    const { signal } = this.#options;
    for (;;) {
      await this.catchUp();
      await sleep(this.#market.chain.network.pollInterval, undefined, signal ? { signal } : {});
    }
  }

  async #load(): Promise<Cursor> {
    const stored = await this.#options.store.load();
    if (stored === undefined) return { blocks: [], handled: [] };
    const cursor = cursorSchema.safeParse(stored);
    if (cursor.success) return cursor.data;
    throw new TesseraError('STORAGE_FAILED', {
      message: `The stored cursor of the market's events is damaged: ${z.prettifyError(cursor.error)}`,
      remedy: 'Remove it: events are read from the deployment on again, and nothing is done twice on chain.',
    });
  }

  /** A cursor whose last block is still part of the chain. */
  async #standing(cursor: Cursor): Promise<Cursor> {
    for (let { blocks } = cursor; ; blocks = blocks.slice(0, -1)) {
      const last = blocks.at(-1);
      const stands = last === undefined || (await this.#hashOf(BigInt(last.number))) === last.hash;
      if (stands) return blocks.length === cursor.blocks.length ? cursor : { blocks, handled: [] };
    }
  }

  async #handle(cursor: Cursor, event: MarketEvent, from: bigint): Promise<Cursor> {
    const last = cursor.blocks.at(-1);
    const base = last === undefined ? from : BigInt(last.number) + 1n;
    // A block that was begun before: what of it is done, is done.
    const block = Number(event.blockNumber);
    const begun = cursor.handled.length > 0 && BigInt(block) === base;
    if (begun && cursor.handled.includes(event.logIndex)) return cursor;
    const before = BigInt(block) === base ? cursor : await this.#finish(cursor, BigInt(block) - 1n);
    await this.#options.handle(event);
    const next = { ...before, handled: [...before.handled, event.logIndex] };
    await this.#options.store.save(next);
    return next;
  }

  /** All blocks up to this one are handled. */
  async #finish({ blocks }: Cursor, number: bigint): Promise<Cursor> {
    const known = { number: Number(number), hash: await this.#hashOf(number) };
    const cursor = { blocks: [...blocks, known].slice(-remembered), handled: [] };
    await this.#options.store.save(cursor);
    return cursor;
  }

  async #finalHead(): Promise<bigint> {
    const { client, network } = this.#market.chain;
    const head = await attempt('Reading the chain’s head', () => client.getBlockNumber({ cacheTime: 0 }));
    return head - BigInt(network.confirmations) + 1n;
  }

  async #hashOf(blockNumber: bigint): Promise<Hex> {
    const { client } = this.#market.chain;
    const head = await attempt('Reading the chain’s head', () => client.getBlockNumber({ cacheTime: 0 }));
    // A chain that became shorter has no such block.
    if (head < blockNumber) return '0x';
    const { hash } = await attempt(`Reading block ${blockNumber}`, () => client.getBlock({ blockNumber }));
    return hash;
  }
}

/** The market's events in a range of blocks, both ends included, in the chain's order. */
export async function readEvents(market: Market, from: bigint, to: bigint): Promise<MarketEvent[]> {
  const { client, network } = market.chain;
  const events: MarketEvent[] = [];
  const span = BigInt(network.eventSpan);
  for (let start = from; start <= to; start += span) {
    const end = start + span - 1n < to ? start + span - 1n : to;
    const logs = await attempt(`Reading events of blocks ${start} to ${end}`, () =>
      client.getLogs({ address: market.addresses.market, fromBlock: start, toBlock: end }),
    );
    events.push(...decode(logs));
  }
  return events;
}

function decode(logs: Log<bigint, number, false>[]) {
  return parseEventLogs({ abi: marketAbi, logs });
}
