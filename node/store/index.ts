/**
 * What of a node outlives its process: its identity, and its state in one Level database.
 *
 * @packageDocumentation
 */
export * from './identity.ts';
export * from './node-files.ts';
export * from './node-store.ts';
