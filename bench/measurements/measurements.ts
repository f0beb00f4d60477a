import type { EzklParams } from '../../node/provers/ezkl/parameters.ts';
import type { Machine, Versions } from '../machine.ts';
import type { Taken } from './measured-worker.ts';

/** What was measured, where and when. */
export interface Measurements<Sample> {
  /** ISO 8601. */
  date: string;
  machine: Machine;
  versions: Versions;
  /** Runnable processes on average over the last minute when it ended; above 1 beside the measured one, times are too long. */
  loadAverage: number;
  samples: readonly Sample[];
}

/** One circuit of ezkl, set up and proven with, each in a process of its own. */
export interface EzklProofMeasurement extends EzklParams {
  name: string;
  rows: number;
  /** ONNX operators of the model, in order. */
  operators: readonly string[];
  provingKeyBytes: number;
  proofBytes: number;
  setup: Taken;
  prove: Taken;
}

export type EzklProofMeasurements = Measurements<EzklProofMeasurement>;

/** One circuit of Tessera's own, set up and proven with, each in a process of its own. */
export interface Groth16Measurement {
  name: string;
  constraints: number;
  /** Terms of all expressions. */
  terms: number;
  provingKeyBytes: number;
  setup: Taken;
  prove: Taken;
}

export type Groth16Measurements = Measurements<Groth16Measurement>;

/** The rows of one model under one layout: exact, whatever the machine did meanwhile. */
export interface RowsMeasurement {
  /** Of `rowSamples`, or a published model, or `MODEL/SEGMENT`. */
  name: string;
  decompLegs: number;
  innerColumns: number;
  /** How outputs are bound; inputs are committed. */
  outputs: 'public' | 'kzg';
  rows: number;
}

export interface EzklRows {
  /** The version that laid the models out. */
  ezkl: string;
  samples: readonly RowsMeasurement[];
}
