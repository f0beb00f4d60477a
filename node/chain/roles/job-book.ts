import type { Hex32 } from '../../../protocol/edge.ts';
import type { JobTerms } from '../../../protocol/job-ids.ts';
import type { Records } from '../../store/index.ts';
import type { Cursor, CursorStore } from '../events.ts';

/** Terms as JSON keeps them. */
export type StoredTerms = { [K in keyof JobTerms]: JobTerms[K] extends bigint ? string : JobTerms[K] };

/** What a node keeps of one market. */
export type MarketRecord = { cursor: Cursor } | { terms: StoredTerms };

/** The jobs of one market that a node still has to do with, and up to where it has read the market's events. */
export class JobBook implements CursorStore {
  readonly #records: Records<MarketRecord>;
  readonly #market: string;

  /** @param market what tells it from others in these records: chain and address */
  constructor(records: Records<MarketRecord>, market: string) {
    this.#records = records;
    this.#market = market;
  }

  async load(): Promise<unknown> {
    const record = await this.#records.get(this.#cursorKey);
    return record !== undefined && 'cursor' in record ? record.cursor : undefined;
  }

  save(cursor: Cursor): Promise<void> {
    return this.#records.put(this.#cursorKey, { cursor });
  }

  keep(job: Hex32, terms: JobTerms): Promise<void> {
    const { nonce, window, expiry, ...rest } = terms;
    const stored = { ...rest, nonce: `${nonce}`, window: `${window}`, expiry: `${expiry}` };
    return this.#records.put(this.#keyOf(job), { terms: stored });
  }

  forget(job: Hex32): Promise<void> {
    return this.#records.delete(this.#keyOf(job));
  }

  async *jobs(): AsyncGenerator<[Hex32, JobTerms], void, undefined> {
    const prefix = this.#keyOf('');
    for await (const [key, record] of this.#records.entries()) {
      if (!key.startsWith(prefix) || !('terms' in record)) continue;
      const { nonce, window, expiry, ...rest } = record.terms;
      const terms = { ...rest, nonce: BigInt(nonce), window: BigInt(window), expiry: BigInt(expiry) };
      yield [key.slice(prefix.length), terms];
    }
  }

  get #cursorKey(): string {
    return `${this.#market}/cursor`;
  }

  #keyOf(job: Hex32): string {
    return `${this.#market}/job/${job}`;
  }
}
