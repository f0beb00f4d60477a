import { BlockNotFoundError, parseEventLogs } from 'viem';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { marketAbi } from './abi.ts';
import { attempt } from './chain-client.ts';
import { type PlacedLog, readLogs } from './logs.ts';
import type { Market } from './market.ts';

/** One event of the market, decoded. */
export type MarketEvent = ReturnType<typeof decode>[number];

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const blockSchema = z.object({ number: z.int().min(0), hash });
type Block = z.infer<typeof blockSchema>;

/** Up to where events have been handled, with what is needed to notice that the chain was reorganised. */
const cursorSchema = z.object({
  /** The last blocks up to which all was handled, the newest last. */
  blocks: z.array(blockSchema).max(64),
  /** A later block of which a part was handled, and the log index up to which. */
  begun: blockSchema.extend({ through: z.int().min(0) }).nullable(),
});

export type Cursor = z.infer<typeof cursorSchema>;

/** Where a cursor outlives the process. */
export interface CursorStore {
  load(): Promise<unknown>;
  save(cursor: Cursor): Promise<void>;
}

export interface EventReaderOptions {
  /** The block to begin with, where no cursor is stored. */
  since: bigint;
  store: CursorStore;
  /**
   * Sees every event once, in the chain's order. When it fails, so does the reading, and the event comes again; so does
   * the one that was at hand when the process was killed.
   */
  handle(event: MarketEvent): Promise<void>;
  signal?: AbortSignal;
}

/** Blocks whose hashes are remembered. */
const remembered = 64;

/**
 * Events of a market, each handled once though the process ends in between: the cursor is stored after each. Blocks
 * below the network's confirmations are not read yet. Where the chain was reorganised deeper than that, reading goes on
 * from the last block that still stands: the events of the blocks that came instead are new ones.
 */
export class EventReader {
  readonly #market: Market;
  readonly #options: EventReaderOptions;

  constructor(market: Market, options: EventReaderOptions) {
    this.#market = market;
    this.#options = options;
  }

  /** Handles all that is final now. @returns how many events there were */
  async catchUp(): Promise<number> {
    const { signal, since, store } = this.#options;
    let cursor = await this.#load();
    let count = 0;
    for (;;) {
      throwIfAborted(signal);
      cursor = await this.#standing(cursor);
      const last = cursor.blocks.at(-1);
      const from = last === undefined ? since : BigInt(last.number) + 1n;
      const head = await this.#finalHead();
      if (head < from) return count;
      const span = BigInt(this.#market.chain.network.eventSpan);
      const number = head < from + span - 1n ? head : from + span - 1n;
      const end = { number: Number(number), hash: await this.#hashOf(number) };
      const events = await readEvents(this.#market, from, number);
      // A reorganisation in between: these events may be of blocks that no longer stand.
      if ((await this.#hashOf(number)) !== end.hash) continue;
      for (const event of events) {
        throwIfAborted(signal);
        if (isHandled(cursor, event)) continue;
        await this.#options.handle(event);
        cursor = handled(cursor, event);
        await store.save(cursor);
        count++;
      }
      cursor = finished(cursor, end);
      await store.save(cursor);
    }
  }

  async #load(): Promise<Cursor> {
    const stored = await this.#options.store.load();
    if (stored === undefined) return { blocks: [], begun: null };
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
      if (last === undefined || (await this.#hashOf(BigInt(last.number))) === last.hash)
        return { ...cursor, blocks };
    }
  }

  async #finalHead(): Promise<bigint> {
    const { chain } = this.#market;
    return (await chain.height()) - BigInt(chain.network.confirmations) + 1n;
  }

  /** @returns no hash where a chain that became shorter has no such block */
  async #hashOf(blockNumber: bigint): Promise<string> {
    const { client } = this.#market.chain;
    try {
      return (await client.getBlock({ blockNumber })).hash;
    } catch (error) {
      if (error instanceof BlockNotFoundError) return '';
      return attempt(`Reading block ${blockNumber}`, () => Promise.reject(error));
    }
  }
}

/** Logs of one block that no longer stands say nothing of the block that came instead. */
function isHandled({ begun }: Cursor, { blockHash, logIndex }: MarketEvent): boolean {
  return begun?.hash === blockHash && logIndex <= begun.through;
}

function handled(cursor: Cursor, { blockNumber, blockHash, logIndex }: MarketEvent): Cursor {
  const { blocks, begun } = cursor;
  const block = { number: Number(blockNumber), hash: blockHash };
  // Events come in order: with the first one of a later block, all of this one are handled.
  const isNext = begun !== null && begun.number < block.number;
  return {
    blocks: isNext ? remember(blocks, { number: begun.number, hash: begun.hash }) : blocks,
    begun: { ...block, through: logIndex },
  };
}

const finished = ({ blocks }: Cursor, end: Block): Cursor => ({ blocks: remember(blocks, end), begun: null });

const remember = (blocks: readonly Block[], block: Block) => [...blocks, block].slice(-remembered);

/** The market's events in a range of blocks, both ends included, in the chain's order. */
export async function readEvents(market: Market, from: bigint, to: bigint): Promise<MarketEvent[]> {
  return decode(await readLogs(market.chain, market.addresses.market, from, to));
}

function decode(logs: PlacedLog[]) {
  return parseEventLogs({ abi: marketAbi, logs });
}
