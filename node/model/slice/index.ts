/** Cuts a model into segments, and runs them one by one. */
export { runSliced } from './run-sliced.ts';
export { constantResults, segmentModel } from './segment-model.ts';
export { type Segment, type SliceEdge, type Slicing, slice } from './slice.ts';
export { formatStrategy, parseStrategy, type Strategy } from './strategy.ts';
