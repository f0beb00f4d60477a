import type { Hex32 } from '../../../protocol/edge.ts';
import { type Bid, freshness, peerIdOf, type SignedMessage } from '../../../protocol/messages/index.ts';
import type { Source } from '../../job/artifact-access.ts';
import type { Records } from '../../store/index.ts';
import type { Candidate } from './claim-policy.ts';

/** How a worker kept what it took, for as long as this node's store lives. */
export interface WorkerRecord {
  kept: number;
  broken: number;
  /** It sent what it cannot have computed; it gets nothing more. */
  lied?: boolean;
}

export interface KnownWorker {
  bid: SignedMessage<Bid>;
  /** Places that others had taken when it bid. */
  taken: number;
}

/** Bids that are remembered; of more, those that were heard longest ago go. */
const maxWorkers = 4_096;
/** Milliseconds for which a worker that was busy gets nothing, unless it bids anew. */
const pauseMs = 2_000;

/** Standing bids, and what their senders are worth. */
export class WorkerDirectory {
  readonly #bids = new Map<Hex32, KnownWorker>();
  readonly #held = new Map<Hex32, Map<string, number>>();
  readonly #paused = new Map<Hex32, number>();
  readonly #records = new Map<Hex32, WorkerRecord>();
  readonly #store: Records<WorkerRecord>;
  readonly #now: () => number;

  constructor(store: Records<WorkerRecord>, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  async load(): Promise<void> {
    for await (const [worker, record] of this.#store.entries()) this.#records.set(worker, record);
  }

  /** @returns whether it says something new */
  note(bid: SignedMessage<Bid>): boolean {
    const { sender, sequence, slots } = bid.message;
    const known = this.#bids.get(sender);
    if (known !== undefined && known.bid.message.sequence >= sequence) return false;
    const own = this.#held.get(sender)?.size ?? 0;
    this.#bids.delete(sender);
    this.#bids.set(sender, { bid, taken: Math.max(0, slots.total - slots.free - own) });
    this.#paused.delete(sender);
    const [oldest] = this.#bids.keys();
    if (this.#bids.size > maxWorkers && oldest !== undefined) this.#bids.delete(oldest);
    return true;
  }

  find(worker: Hex32): KnownWorker | undefined {
    return this.#bids.get(worker);
  }

  sourceOf(worker: Hex32): Source {
    return { peer: peerIdOf(worker), addresses: this.#bids.get(worker)?.bid.message.addresses ?? [] };
  }

  /** Workers that may be given something now. */
  candidates(): Candidate[] {
    const now = this.#now();
    return [...this.#bids].flatMap(([worker, { bid, taken }]): Candidate[] => {
      const record = this.#records.get(worker) ?? { kept: 0, broken: 0 };
      if (freshness(bid.message, now) === 'expired') this.#bids.delete(worker);
      if (freshness(bid.message, now) !== 'fresh' || record.lied === true) return [];
      if ((this.#paused.get(worker) ?? 0) > now) return [];
      const { provers, memory, price, slots } = bid.message;
      const speeds = new Map(provers.map(({ name, unitsPerSecond }) => [name, unitsPerSecond]));
      const held = [...(this.#held.get(worker)?.values() ?? [])];
      return [{ worker, speeds, memory, price, places: slots.total, taken, held, record }];
    });
  }

  /** Notes that a worker has something to do. */
  take(worker: Hex32, assignment: string, units: number): void {
    const held = this.#held.get(worker) ?? new Map<string, number>();
    this.#held.set(worker, held.set(assignment, units));
  }

  /** Notes that it no longer has. */
  give(worker: Hex32, assignment: string): void {
    this.#held.get(worker)?.delete(assignment);
  }

  pause(worker: Hex32): void {
    this.#paused.set(worker, this.#now() + pauseMs);
  }

  async judge(worker: Hex32, what: 'kept' | 'broken' | 'lied'): Promise<void> {
    const record = { ...(this.#records.get(worker) ?? { kept: 0, broken: 0 }) };
    if (what === 'lied') record.lied = true;
    else record[what] += 1;
    this.#records.set(worker, record);
    await this.#store.put(worker, record);
  }
}
