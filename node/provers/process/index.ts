/**
 * Provers as processes of their own: warm, limited, replaceable. README.md has the protocol.
 *
 * @packageDocumentation
 */
export { ProcessPool } from './process-pool.ts';
export { type Answer, ProverProcess, type RequestOptions } from './prover-process.ts';
export type { ProverProcessInit } from './running-worker.ts';
