/**
 * Artifacts on disk, by content: blocks, what they belong to, and what may be dropped where room is needed.
 *
 * @packageDocumentation
 */
export type { AddOptions, Artifact, Incoming, KeepOptions, Lease } from './artifact.ts';
export { cidBytes, decodeArtifactCid, isLeaf, parseArtifactCid } from './artifact-cid.ts';
export { matches } from './block-directory.ts';
export { artifactLayout, bytesOfRoot, type Layout, type Part, partsOf, partsOfRoot } from './dag.ts';
export { ArtifactStore, type ArtifactStoreInit, cidOf } from './store.ts';
