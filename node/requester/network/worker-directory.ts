import type { Hex32 } from '../../../protocol/edge.ts';
import { type Bid, freshness, peerIdOf, type SignedMessage } from '../../../protocol/messages/index.ts';
import type { Source } from '../../job/artifact-access.ts';
import type { Records } from '../../store/index.ts';
import type { Candidate } from './claim-policy.ts';
import { isProven } from './trial.ts';

/** How a worker kept what it took, for as long as this node's store lives. */
export interface WorkerRecord {
  kept: number;
  broken: number;
  /** It sent what it cannot have computed; it gets nothing more. */
  lied?: boolean;
}

export interface KnownWorker {
  bid: Pick<SignedMessage<Bid>, 'id' | 'message'>;
  /** Places that others had taken when it bid. */
  taken: number;
  /** Whether it has bid on a connection of its own. */
  isMet: boolean;
}

/** What a worker has from this node. */
interface HeldSegment {
  units: number;
  isBegun: boolean;
}

export interface WorkerDirectoryLimits {
  /** Bids that are remembered: at their longest, 20 KB each. */
  bids: number;
  /** Workers whose record is remembered. */
  records: number;
}

const defaultLimits: WorkerDirectoryLimits = { bids: 2_048, records: 8_192 };

/** Milliseconds for which a worker that was busy gets nothing; twice as long each further time, and how long at most. */
const pauseMs = 2_000;
const maxPauseMs = 60_000;

/** Standing bids, and what their senders are worth. Of more than it has room for, it forgets strangers first. */
export class WorkerDirectory {
  /** In the order in which they were heard. */
  readonly #bids = new Map<Hex32, KnownWorker>();
  /** By worker and assignment. */
  readonly #held = new Map<Hex32, Map<string, HeldSegment>>();
  /** Of workers whose bids are remembered. */
  readonly #pauses = new Map<Hex32, { until: number; times: number }>();
  /** In the order in which they were judged last. */
  readonly #records = new Map<Hex32, WorkerRecord>();
  readonly #store: Records<WorkerRecord>;
  readonly #now: () => number;
  readonly #limits: WorkerDirectoryLimits;

  constructor(
    store: Records<WorkerRecord>,
    now: () => number = Date.now,
    limits: WorkerDirectoryLimits = defaultLimits,
  ) {
    this.#store = store;
    this.#now = now;
    this.#limits = limits;
  }

  async load(): Promise<void> {
    for await (const [worker, record] of this.#store.entries()) this.#records.set(worker, record);
    await this.#forgetRecords();
  }

  /** How many entries each table has. */
  get sizes(): { bids: number; held: number; pauses: number; records: number } {
    const [bids, held, pauses, records] = [this.#bids, this.#held, this.#pauses, this.#records];
    return { bids: bids.size, held: held.size, pauses: pauses.size, records: records.size };
  }

  /** @param isMet whether it came on a connection of its sender's @returns whether it says something new */
  note({ id, message }: SignedMessage<Bid>, isMet = false): boolean {
    const { sender, sequence, slots } = message;
    const known = this.#bids.get(sender);
    if (known !== undefined && known.bid.message.sequence >= sequence) return false;
    if (this.#recordOf(sender).lied === true) return false;
    const own = this.#held.get(sender)?.size ?? 0;
    this.#bids.delete(sender);
    // Without its bytes, which may be part of a larger buffer.
    const bid = { id, message };
    this.#bids.set(sender, {
      bid,
      taken: Math.max(0, slots.total - slots.free - own),
      isMet: isMet || known?.isMet === true,
    });
    // A stranger that says it is free may only say so.
    if (this.#isProven(sender)) this.#pauses.delete(sender);
    this.#forgetBids();
    return this.#bids.has(sender);
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
    return [...this.#bids].flatMap(([worker, { bid, taken, isMet }]): Candidate[] => {
      const record = this.#recordOf(worker);
      const state = freshness(bid.message, now);
      if (state === 'expired') this.#forgetBid(worker);
      if (state !== 'fresh' || record.lied === true) return [];
      if ((this.#pauses.get(worker)?.until ?? 0) > now) return [];
      const { provers, memory, price, slots } = bid.message;
      const speeds = new Map(provers.map(({ name, unitsPerSecond }) => [name, unitsPerSecond]));
      const segments = [...(this.#held.get(worker)?.values() ?? [])];
      const held = segments.map(({ units }) => units);
      const begun = segments.filter(({ isBegun }) => isBegun).length;
      return [{ worker, speeds, memory, price, places: slots.total, taken, isMet, held, begun, record }];
    });
  }

  /** Notes that a worker has something to do. */
  take(worker: Hex32, assignment: string, units: number): void {
    const held = this.#held.get(worker) ?? new Map<string, HeldSegment>();
    this.#held.set(worker, held.set(assignment, { units, isBegun: false }));
  }

  /** Notes that a worker has begun what it has to do. @returns whether that is news */
  begin(worker: Hex32, assignment: string): boolean {
    const segment = this.#held.get(worker)?.get(assignment);
    if (segment === undefined || segment.isBegun) return false;
    segment.isBegun = true;
    return true;
  }

  /** Notes that it no longer has. */
  give(worker: Hex32, assignment: string): void {
    const held = this.#held.get(worker);
    held?.delete(assignment);
    if (held?.size === 0) this.#held.delete(worker);
  }

  /** Gives a worker nothing for a while: longer each time, until it delivers; a proven one until it bids anew. */
  pause(worker: Hex32): void {
    if (!this.#bids.has(worker)) return;
    const times = (this.#pauses.get(worker)?.times ?? 0) + 1;
    const time = Math.min(maxPauseMs, pauseMs * 2 ** (times - 1));
    this.#pauses.set(worker, { until: this.#now() + time, times });
  }

  async judge(worker: Hex32, what: 'kept' | 'broken' | 'lied'): Promise<void> {
    const record = { ...this.#recordOf(worker) };
    if (what === 'lied') record.lied = true;
    else record[what] += 1;
    if (what === 'kept') this.#pauses.delete(worker);
    this.#records.delete(worker);
    this.#records.set(worker, record);
    await this.#store.put(worker, record);
    await this.#forgetRecords();
  }

  #recordOf(worker: Hex32): WorkerRecord {
    return this.#records.get(worker) ?? { kept: 0, broken: 0 };
  }

  #isProven(worker: Hex32): boolean {
    const record = this.#recordOf(worker);
    return record.lied !== true && isProven(record);
  }

  /** The bid that was heard longest ago: of who is only heard of, or else of who is on trial, or else of all. */
  #forgetBids(): void {
    if (this.#bids.size <= this.#limits.bids) return;
    const isOnTrial = (worker: Hex32) => !this.#isProven(worker) && !this.#held.has(worker);
    const isUnmet = (worker: Hex32) => isOnTrial(worker) && this.#bids.get(worker)?.isMet !== true;
    const oldest =
      firstOf(this.#bids.keys(), isUnmet) ??
      firstOf(this.#bids.keys(), isOnTrial) ??
      firstOf(this.#bids.keys());
    if (oldest !== undefined) this.#forgetBid(oldest);
  }

  #forgetBid(worker: Hex32): void {
    this.#bids.delete(worker);
    this.#pauses.delete(worker);
  }

  async #forgetRecords(): Promise<void> {
    while (this.#records.size > this.#limits.records) {
      const keys = () => this.#records.keys();
      const oldest = firstOf(keys(), (worker) => !this.#isProven(worker)) ?? firstOf(keys());
      if (oldest === undefined) return;
      this.#records.delete(oldest);
      await this.#store.delete(oldest);
    }
  }
}

function firstOf(keys: Iterable<Hex32>, holds: (key: Hex32) => boolean = () => true): Hex32 | undefined {
  for (const key of keys) {
    if (holds(key)) return key;
  }
  return undefined;
}
