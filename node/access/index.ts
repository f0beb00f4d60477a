/**
 * Invited jobs: tensors that go encrypted to some peers, and from this node to nobody else.
 *
 * @packageDocumentation
 */
export { PrivateArtifacts, type PrivateArtifactsInit } from './private-artifacts.ts';
export { requireHiding } from './require-hiding.ts';
export { type SealOpener, SegmentSeal, sealOpener } from './segment-seal.ts';
