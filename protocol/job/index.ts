/**
 * What the artifacts of a job consist of: all that a worker needs of a requester, and what it gives back. README.md
 * specifies them.
 *
 * @packageDocumentation
 */
export * from './artifacts.ts';
export * from './tensor.ts';
