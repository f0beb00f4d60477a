import type { Hex32 } from '../../protocol/edge.ts';
import { type Assignment, forgettableAt, type Offer } from '../../protocol/messages/index.ts';
import type { Records } from '../store/index.ts';

/** What is kept of an assignment that is not over, so that a restarted worker goes on with it. */
export interface WorkRecord {
  /** The signed assignment, hexadecimal. */
  assignment: string;
  /** Multiaddrs of the requester. */
  addresses: readonly string[];
  access: Offer['access'];
  /** When its deadline is over, milliseconds since 1970 by this node's clock. */
  endsAt: number;
  /** The proof, once it is made. */
  proof?: { cid: string; size: number };
}

/** What is kept of one that is over, for as long as it may come again: nothing is proven twice. */
export interface EndedWork {
  /** Milliseconds since 1970 by this node's clock. */
  forgetAt: number;
}

/** Milliseconds between two looks for what may be forgotten. */
const pruneMs = 600_000;

/** What a worker keeps of its assignments, by their ids. */
export class WorkRecords {
  readonly #records: Records<WorkRecord | EndedWork>;
  readonly #now: () => number;
  #pruneAt = -Infinity;

  /** @param now milliseconds since 1970 */
  constructor(records: Records<WorkRecord | EndedWork>, now: () => number) {
    this.#records = records;
    this.#now = now;
  }

  async find(id: Hex32): Promise<WorkRecord | 'ended' | undefined> {
    const found = await this.#records.get(id);
    return found !== undefined && isEnded(found) ? 'ended' : found;
  }

  async keep(id: Hex32, record: WorkRecord): Promise<void> {
    await this.#records.put(id, record);
  }

  /** Notes that an assignment is over, and forgets those that nobody can send again. */
  async end(id: Hex32, assignment: Assignment): Promise<void> {
    await this.#records.put(id, { forgetAt: forgettableAt(assignment) });
    const now = this.#now();
    if (now < this.#pruneAt) return;
    this.#pruneAt = now + pruneMs;
    for await (const [other, record] of this.#records.entries()) {
      if (isEnded(record) && record.forgetAt <= now) await this.#records.delete(other);
    }
  }

  /** Forgets an assignment as if it had never come. */
  async forget(id: Hex32): Promise<void> {
    await this.#records.delete(id);
  }

  /** All that are not over. */
  async *unfinished(): AsyncGenerator<[id: Hex32, record: WorkRecord], void, undefined> {
    for await (const [id, record] of this.#records.entries()) if (!isEnded(record)) yield [id, record];
  }
}

function isEnded(record: WorkRecord | EndedWork): record is EndedWork {
  return 'forgetAt' in record;
}
