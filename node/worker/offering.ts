import { type ProverSpeed, peerIdOf } from '../../protocol/messages/index.ts';
import type { Capabilities } from './capabilities.ts';
import type { WorkerLimits } from './limits.ts';
import type { Worker } from './worker.ts';

/** What a worker has, what it lets others use, and what it has to do: for its owner. Survives JSON. */
export interface Offering {
  machine: Omit<Capabilities, 'unitsPerSecond'>;
  /** While all places are taken. */
  provers: readonly ProverSpeed[];
  /** A segment suits it that keeps to all of these. */
  limits: {
    /** Bytes. */
    memory: number;
    disk: number;
    parallel: number;
    /** Peer ids; everybody's segments suit it where there are none. */
    requesters: readonly string[];
    /** The least for a million units of the cost model, in decimal. */
    price: string;
  };
  slots: { total: number; free: number };
  segments: Worker['segments'];
}

export interface OfferingInit {
  limits: WorkerLimits;
  capabilities: Capabilities;
  speeds: readonly ProverSpeed[];
  worker: Pick<Worker, 'slots' | 'segments'>;
}

export function offeringOf({ limits, capabilities, speeds, worker }: OfferingInit): Offering {
  const { unitsPerSecond: _, ...machine } = capabilities;
  const { memory, disk, parallel, requesters, price } = limits;
  return {
    machine,
    provers: speeds,
    limits: { memory, disk, parallel, requesters: [...requesters].map(peerIdOf), price: `${price}` },
    slots: worker.slots,
    segments: worker.segments,
  };
}
