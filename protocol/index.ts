/**
 * What peers and contracts must agree on: the types and formats of a proven computation, the ids of its parts, and
 * the check of a certificate. Pure logic without input or output; runs in a browser.
 *
 * @packageDocumentation
 */
export * from './certificate.ts';
export * from './certificate-codec.ts';
export type { Blindings, SrsSource } from './check/edge-opener.ts';
export type { ExpectedTensor, ExpectedTensors } from './check/statements.ts';
export * from './check.ts';
export * from './edge.ts';
export * from './errors.ts';
export * from './field.ts';
export * from './graph.ts';
export * from './ids.ts';
export * from './job-ids.ts';
export * from './limits.ts';
export * from './manifest.ts';
export * from './manifest-codec.ts';
export * from './problem.ts';
export * from './quantise.ts';
export * from './report.ts';
export * from './srs.ts';
export * from './verifier.ts';
