/** Cuts a model into segments, and runs them one by one. */
export { type Boundary, boundaryOf } from './boundary.ts';
export { type Dependencies, dependencies } from './dependencies.ts';
export type { Limits } from './limits.ts';
export { Partition } from './partition.ts';
export { runSliced } from './run-sliced.ts';
export { constantResults, segmentModel } from './segment-model.ts';
export { type Segment, type SliceEdge, type Slicing, slice } from './slice.ts';
export {
  type DirectStrategy,
  formatStrategy,
  parseDirectStrategy,
  parseStrategy,
  type Strategy,
} from './strategy.ts';
