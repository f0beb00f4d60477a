/**
 * A node's settings: one schema, from which the file, the environment variables, the flags and the documentation
 * follow.
 *
 * @packageDocumentation
 */
export * from './read.ts';
export * from './schema.ts';
