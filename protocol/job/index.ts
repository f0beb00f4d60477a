/**
 * What the artifacts of a job consist of: all that a worker needs of a requester, and what it gives back. README.md
 * specifies them.
 *
 * @packageDocumentation
 */
export {
  type ArtifactFormat,
  blindingsFormat,
  type Commitments,
  commitmentsFormat,
  type PlannedPort,
  proofFormat,
  type ReadyKey,
  type SegmentBlindings,
  type SegmentRecipe,
  segmentRecipeFormat,
} from './artifacts.ts';
export * from './market-job.ts';
export * from './tensor.ts';
