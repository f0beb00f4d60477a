import type { Hex32 } from '../../protocol/edge.ts';
import { workerProcess } from '../provers/groth16/worker-process.ts';

/** What the worker says of a constraint system. */
export interface ConstraintFacts {
  digest: Hex32;
  wires: number;
  /** The power of two that holds its rank-one constraints. */
  domain: number;
}

/** A transcript by paths. A beacon that is not drawn yet is empty. */
export interface TranscriptPaths {
  constraints: string;
  powers: readonly string[];
  powersBeacon: string;
  circuit: readonly string[];
  circuitBeacon: string;
}

/** Keys that follow from a whole transcript. */
export interface CeremonyKeys {
  /** sha2-256 of the files written. */
  provingKey: Hex32;
  verifyingKey: Hex32;
  powersContributors: number;
  circuitContributors: number;
}

/**
 * The ceremony operations of the Groth16 worker (node/provers/groth16/README.md); gnark does the mathematics.
 * All of them throw what {@link ProverProcess.request} throws: `PROVER_FAILED` for a false contribution or a file that
 * is not what it should be.
 */
export interface CeremonyWorker {
  inspect(constraints: string, signal?: AbortSignal): Promise<ConstraintFacts>;
  /** Writes the first phase's start. */
  start(domain: number, out: string, signal?: AbortSignal): Promise<void>;
  /** Verifies and seals the powers, and writes the second phase's start. */
  advance(transcript: TranscriptPaths, out: string, signal?: AbortSignal): Promise<void>;
  /** @returns the contribution's sha2-256 */
  contribute(
    phase: 'powers' | 'circuit',
    paths: { in: string; out: string },
    signal?: AbortSignal,
  ): Promise<Hex32>;
  /** Verifies every contribution so far. */
  check(transcript: TranscriptPaths, signal?: AbortSignal): Promise<void>;
  /** Verifies a whole transcript and writes the keys that follow from it. */
  finalize(
    transcript: TranscriptPaths,
    keys: { provingKey: string; verifyingKey: string },
    signal?: AbortSignal,
  ): Promise<CeremonyKeys>;
  close(): Promise<void>;
}

/** @param command the built worker; its process starts when it is first needed */
export function createCeremonyWorker(command: string): CeremonyWorker {
  const process = workerProcess(command);
  const request = async <T>(operation: string, parameters: object, signal?: AbortSignal): Promise<T> => {
    const { value } = await process.request(operation, parameters, signal === undefined ? {} : { signal });
    return value as T;
  };
  return {
    inspect: (constraints, signal) => request('inspect', { constraints }, signal),
    async start(domain, out, signal) {
      await request('ceremony/start', { domain, out }, signal);
    },
    async advance(transcript, out, signal) {
      await request('ceremony/advance', { ...transcript, out }, signal);
    },
    async contribute(phase, paths, signal) {
      const { digest } = await request<{ digest: Hex32 }>('ceremony/contribute', { phase, ...paths }, signal);
      return digest;
    },
    async check(transcript, signal) {
      await request('ceremony/check', transcript, signal);
    },
    finalize: (transcript, keys, signal) => request('ceremony/finalize', { ...transcript, ...keys }, signal),
    close: () => process.close(),
  };
}
