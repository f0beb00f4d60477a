/** Cuts a model into the segments that get one proof each. */
export { segmentModel } from './segment-model.ts';
export { type SlicedSegment, type Slicing, slice } from './slice.ts';
export { parseStrategy, type Strategy } from './strategy.ts';
