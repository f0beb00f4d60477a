import type { Bid, ProverSpeed, SignedMessage } from '../../protocol/messages/index.ts';
import type { Signer } from '../job/signer.ts';
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
  /** Where the last sequence is kept. */
  records: Records<number>;
  standing: () => Standing;
  log: Logger;
}

/** Milliseconds between two bids of one peer at least: within the rate at which others listen. */
const pauseMs = 400;
/** Milliseconds until a bid is repeated though nothing changed. */
const renewMs = 60_000;
/** Milliseconds for which a bid holds: a little more than the time until the next but one. */
const holdsMs = 150_000;

/** Keeps a worker's standing bid up to date: on every change, on every offer, and before the last one ends. */
export class BidPublisher {
  readonly #components: BidPublisherComponents;
  #sequence = 0;
  #last = -Infinity;
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

  /** Says the bid anew, soon. */
  renew(): void {
    if (this.#stopped || this.#waiting) return;
    clearTimeout(this.#timer);
    this.#waiting = true;
    this.#timer = setTimeout(
      () => void this.#publish(),
      Math.max(0, this.#last + pauseMs - performance.now()),
    );
  }

  async #publish(): Promise<void> {
    const { transport, records, log } = this.#components;
    this.#waiting = false;
    this.#last = performance.now();
    this.#timer = setTimeout(() => this.renew(), renewMs);
    this.#timer.unref();
    try {
      const bid = this.sign();
      await records.put('sequence', this.#sequence);
      await transport.publish('bids', bid);
    } catch (error) {
      if (!this.#stopped) log.debug({ err: error }, 'the bid was not published');
    }
  }
}
