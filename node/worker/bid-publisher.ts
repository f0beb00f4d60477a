import type { Hex32 } from '../../protocol/edge.ts';
import {
  type Bid,
  type Offer,
  type ProverSpeed,
  peerIdOf,
  type SignedMessage,
} from '../../protocol/messages/index.ts';
import type { Signer } from '../job/signer.ts';
import type { RequestProtocol } from '../network/request-protocol.ts';
import type { Transport } from '../network/transport.ts';
import type { Logger } from '../peer/log.ts';
import type { Records } from '../store/index.ts';

/** What a worker says of itself. */
export interface Standing {
  cores: number;
  /** Bytes. */
  memory: number;
  gpus: readonly string[];
  provers: readonly ProverSpeed[];
  slots: Bid['slots'];
  price: bigint;
  addresses: readonly string[];
}

export interface BidPublisherComponents {
  signer: Signer;
  transport: Pick<Transport, 'publish'>;
  requests: Pick<RequestProtocol, 'request'>;
  /** Whether there is a connection to a peer, by its id. */
  isConnected: (peer: string) => boolean;
  /** Where the last sequence is kept. */
  records: Records<number>;
  standing: () => Standing;
  log: Logger;
}

/**
 * Milliseconds between two bids to everybody at least: every node of the network verifies each of them, while who has
 * given a worker something knows that it is taken.
 */
const pauseMs = 5_000;
/** Milliseconds before a bid is said: a new connection has told its topics by then, and a place that is taken again counts as taken. */
const settleMs = 300;
/** Milliseconds until a requester that offers again is told the same again. */
const repeatMs = 20_000;
/** Requesters of which it is remembered what they were told. */
const maxTold = 1_024;
/** Milliseconds until a bid is repeated though nothing changed. */
const renewMs = 60_000;
/** Milliseconds for which a bid holds: a little more than the time until the next but one. */
const holdsMs = 150_000;

/** Keeps a worker's standing bid up to date: to everybody on a change and before the last one ends, to a requester on its offer. */
export class BidPublisher {
  readonly #components: BidPublisherComponents;
  /** What requesters were told last, by their keys; the one that was told longest ago is forgotten first. */
  readonly #told = new Map<Hex32, { free: number; at: number }>();
  #sequence = 0;
  #last = -Infinity;
  /** Free places as everybody was told. */
  #saidFree: number | undefined;
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting = false;
  #stopped = false;

  constructor(components: BidPublisherComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    this.#sequence = (await this.#components.records.get('sequence')) ?? 0;
    this.renew();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The bid as it would be now. */
  sign(): SignedMessage<Bid> {
    const { signer, standing } = this.#components;
    this.#sequence += 1;
    return signer.sign<Bid>({ kind: 'bid', sequence: this.#sequence, ...standing() }, holdsMs);
  }

  /** Says the bid to everybody anew, soon. */
  renew(): void {
    this.#due = true;
    this.#schedule();
  }

  /** Says the bid to everybody, soon, unless the free places are again what was said before. */
  noteLoad(): void {
    this.#schedule();
  }

  /** Bids for an offer: to its sender where there is a connection to it, else to everybody. */
  async answer({ sender }: Offer): Promise<void> {
    const { requests, isConnected, records, signer, standing, log } = this.#components;
    if (this.#stopped || sender === signer.sender) return;
    const { free } = standing().slots;
    const now = performance.now();
    const told = this.#told.get(sender);
    // An offer is said again while some of it is open.
    if (told?.free === free && now - told.at < repeatMs) return;
    this.#told.delete(sender);
    this.#told.set(sender, { free, at: now });
    const [oldest] = this.#told.keys();
    if (this.#told.size > maxTold && oldest !== undefined) this.#told.delete(oldest);
    const peer = peerIdOf(sender);
    if (!isConnected(peer)) {
      this.renew();
      return;
    }
    try {
      const bid = this.sign();
      await records.put('sequence', this.#sequence);
      await requests.request({ peer }, bid);
    } catch (error) {
      if (this.#stopped) return;
      log.debug({ err: error, peer }, 'the bid did not arrive');
      this.#told.delete(sender);
      this.renew();
    }
  }

  #schedule(): void {
    if (this.#stopped || this.#waiting) return;
    clearTimeout(this.#timer);
    this.#waiting = true;
    const pause = Math.max(settleMs, this.#last + pauseMs - performance.now());
    this.#timer = setTimeout(() => void this.#publish(), pause);
  }

  async #publish(): Promise<void> {
    const { transport, records, standing, log } = this.#components;
    this.#waiting = false;
    const { free } = standing().slots;
    const isNew = this.#due || free !== this.#saidFree;
    if (isNew) this.#last = performance.now();
    this.#timer = setTimeout(() => this.renew(), Math.max(0, this.#last + renewMs - performance.now()));
    this.#timer.unref();
    if (!isNew) return;
    this.#due = false;
    this.#saidFree = free;
    try {
      const bid = this.sign();
      await records.put('sequence', this.#sequence);
      await transport.publish('bids', bid);
    } catch (error) {
      if (!this.#stopped) log.debug({ err: error }, 'the bid was not published');
    }
  }
}
