/**
 * How tensors of an invited job go to the peers that may have them, and to nobody else. README.md specifies it.
 *
 * @packageDocumentation
 */

export * from './sealed.ts';
export type { SegmentContext } from './segment-context.ts';
export * from './wrapped-key.ts';
export * from './wrapped-keys.ts';
