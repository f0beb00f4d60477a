/** Divides layers that are too large for one circuit into tiles, and joins what they give. */
export {
  type Block,
  type Blocks,
  blocksByTensor,
  shapeOf,
  withBlocks,
  withJoined,
} from './blocks.ts';
export { joinOutputs } from './join-outputs.ts';
export { type Layer, layerOf } from './layer.ts';
export { type TilingChoices, tilingChoices } from './layout.ts';
export { sliceTiled, type TiledSlicing } from './slice-tiled.ts';
export { type TiledModel, tileModel } from './tile-model.ts';
export type { Tiling } from './tiling.ts';
