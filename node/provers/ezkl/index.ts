/**
 * Proving with ezkl: circuits, keys and proofs made by its Python package in worker processes. Checking what it
 * made needs none of this: see verifier/.
 *
 * @packageDocumentation
 */
export { supportedOperators } from './operators.ts';
export { type CircuitSize, defaultEzklParams, type EzklParams } from './parameters.ts';
export { createEzklProver, type EzklProver, type EzklProverInit, type Measurement } from './prover.ts';
export { developmentSrs, publishedSrs, type SrsSource } from './srs.ts';
