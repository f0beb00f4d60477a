/**
 * What a node says of itself on a chain: the tie of its peer id to an account, and its capabilities.
 *
 * @packageDocumentation
 */
export * from './capabilities.ts';
export * from './peer-binding.ts';
