/**
 * Artifacts on disk, by content: blocks, what they belong to, and what may be dropped where room is needed.
 *
 * @packageDocumentation
 */
export { cidBytes, decodeArtifactCid, isLeaf, parseArtifactCid } from './artifact-cid.ts';
export { matches } from './block-directory.ts';
export { artifactLayout, bytesOfRoot, type Layout, type Part, partsOf, partsOfRoot } from './dag.ts';
export {
  type AddOptions,
  type Artifact,
  ArtifactStore,
  type ArtifactStoreInit,
  type Incoming,
  type KeepOptions,
  type Lease,
} from './store.ts';
