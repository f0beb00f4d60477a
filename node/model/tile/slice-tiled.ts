import type { Model, ModelNode } from '../model.ts';
import { type DirectStrategy, type Slicing, slice } from '../slice/index.ts';
import type { Blocks } from './blocks.ts';
import { tileModel } from './tile-model.ts';

/** A model whose layers may be in tiles, cut into segments. */
export interface TiledSlicing {
  /** Tiled; the model itself where nothing is. */
  model: Model;
  blocks: Blocks;
  /** For every tensor that tiling made, the one of the model before whose elements it holds some of. */
  origins: ReadonlyMap<string, string>;
  slicing: Slicing;
}

/**
 * Cuts a model into segments, after its layers are divided into the tiles that the strategy names.
 *
 * @throws TesseraError as `slice` and `tileModel` do
 */
export function sliceTiled(
  model: Model,
  strategy: DirectStrategy,
  costOf: (model: Model, node: ModelNode) => number,
): TiledSlicing {
  const isTiled = strategy.kind === 'segments' && strategy.tiles.length > 0;
  const tiled = isTiled ? tileModel(model, strategy.tiles) : { model, blocks: new Map(), origins: new Map() };
  const slicing = slice(tiled.model, strategy, (node) => costOf(tiled.model, node));
  return { model: tiled.model, blocks: tiled.blocks, origins: tiled.origins, slicing };
}
