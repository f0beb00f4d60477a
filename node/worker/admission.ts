import { bytesToHex } from '@noble/hashes/utils.js';
import type { Hex32 } from '../../protocol/edge.ts';
import {
  type Assignment,
  messageLimits,
  type Need,
  type Offer,
  type SignedMessage,
} from '../../protocol/messages/index.ts';
import type { Signer } from '../job/signer.ts';
import { type Objection, objectionTo, type WorkerLimits } from './limits.ts';
import { type RequesterDeed, RequesterTurns } from './requester-turns.ts';
import type { WorkRecord, WorkRecords } from './work-record.ts';

export interface AdmissionInit {
  limits: WorkerLimits;
  /** Names of the provers that the worker has. */
  provers: ReadonlySet<string>;
}

export interface AdmissionComponents {
  signer: Pick<Signer, 'sender' | 'now'>;
  records: Pick<WorkRecords, 'find' | 'keep' | 'end'>;
  /** Bytes that are free where segments are worked on. */
  freeDisk: () => Promise<number>;
  /** Whose segments need a place now: a requester as often as it has such segments. */
  held: () => readonly Hex32[];
}

/** Decides which assignments a worker takes: of jobs that were offered to it, within its limits, by turns. */
export class Admission {
  readonly #init: AdmissionInit;
  readonly #components: AdmissionComponents;
  readonly #offers = new Map<Hex32, Offer>();
  readonly #turns = new RequesterTurns();
  /** Requesters of assignments that are being written down: they have their places already. */
  readonly #entering: Hex32[] = [];

  constructor(init: AdmissionInit, components: AdmissionComponents) {
    this.#init = init;
    this.#components = components;
  }

  /** Remembers an offer: assignments of its job are taken from its sender only. */
  noteOffer(offer: Offer): void {
    // Again at the end: the one that was heard of longest ago is forgotten first.
    this.#offers.delete(offer.job);
    this.#offers.set(offer.job, { ...offer, needs: this.#leastNeeds(offer) });
    const [oldest] = this.#offers.keys();
    if (this.#offers.size > maxOffers && oldest !== undefined) this.#offers.delete(oldest);
  }

  /** Takes no further assignments of a job that its requester ended, unless it is offered again. */
  forgetOffer(sender: Hex32, job: Hex32): void {
    if (this.#offers.get(job)?.sender === sender) this.#offers.delete(job);
  }

  /** Notes what an assignment came to: who wastes a worker's time goes behind everybody else. */
  judge(requester: Hex32, deed: RequesterDeed): void {
    this.#turns.judge(requester, deed);
  }

  /** How many offers are remembered. */
  get offers(): number {
    return this.#offers.size;
  }

  /** Of what this worker has provers for, the least: all that an offer is asked later, and short, however long it is. */
  #leastNeeds({ needs }: Offer): Need[] {
    const least = new Map<string, Need>();
    for (const need of needs) {
      const known = least.get(need.prover);
      if (!this.#init.provers.has(need.prover) || (known && known.memory <= need.memory)) continue;
      least.set(need.prover, need);
    }
    return [...least.values()];
  }

  /**
   * Takes an assignment where nothing speaks against it: its record is kept by the time that `begin` is called with it.
   *
   * @returns what `begin` makes of it, or what speaks against it
   */
  async admit<T>(
    signed: SignedMessage<Assignment>,
    begin: (record: WorkRecord) => T,
  ): Promise<{ taken: T } | { objection: Objection }> {
    const { id, message } = signed;
    const { records, signer, freeDisk } = this.#components;
    if (message.worker !== signer.sender) return refused('requester', 'it is for another worker');
    const known = await records.find(id);
    if (known === 'ended') return refused('failed', 'it was ended before');
    const offer = this.#offers.get(message.job);
    if (offer === undefined || offer.sender !== message.sender) {
      return refused('requester', 'the job was not offered by this requester');
    }
    const objection = this.#objectionTo(message, offer, await freeDisk());
    if (objection !== undefined) return { objection };
    const record: WorkRecord = known ?? {
      assignment: bytesToHex(signed.bytes),
      addresses: offer.addresses,
      access: offer.access,
      // By the sender's clock, which may be minutes off: only how long it is counts here.
      endsAt: signer.now() + Math.min(message.deadline - message.issued, messageLimits.assignment),
    };
    this.#entering.push(message.sender);
    try {
      // Kept before it is answered: what was promised is remembered.
      if (known === undefined) await records.keep(id, record);
      // Its requester may have ended the job meanwhile.
      if (this.#offers.get(message.job)?.sender !== message.sender) {
        await records.end(id, message);
        return refused('requester', 'its job was ended');
      }
      return { taken: begin(record) };
    } finally {
      this.#entering.splice(this.#entering.indexOf(message.sender), 1);
    }
  }

  #objectionTo(assignment: Assignment, offer: Offer, freeDisk: number): Objection | undefined {
    const { limits, provers } = this.#init;
    const { sender } = assignment;
    const holders = [...this.#components.held(), ...this.#entering];
    const objection = objectionTo(assignment, offer, {
      limits,
      provers,
      freeDisk,
      held: holders.length,
      own: holders.filter((holder) => holder === sender).length,
      share: (places) => this.#turns.shareOf(sender, places, holders),
    });
    if (objection?.reason === 'busy') this.#turns.turnAway(sender);
    if (objection === undefined) this.#turns.admit(sender);
    return objection;
  }
}

/** Offers that are remembered: at their longest, 10 KB each. */
const maxOffers = 4_096;

function refused(reason: Objection['reason'], detail: string): { objection: Objection } {
  return { objection: { reason, detail } };
}
