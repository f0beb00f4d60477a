import type { Box } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../model.ts';
import { type Layer, layerOf, rowAxis } from './layer.ts';
import { divideEvenly, type Stretch, type Tiling } from './tiling.ts';

/** One tile of a layer: what it writes of the layer's output. */
export interface Tile {
  channels: Stretch;
  /** Left out where the tile has all rows. */
  rows?: Stretch;
  box: Box;
}

/** Parts that a layer's output may be divided into. */
export interface TilingChoices {
  /** Numbers of parts of the channels, ascending from 1. */
  channels: readonly number[];
  /** The greatest number of bands of rows; 1 where rows cannot be divided. */
  bands: number;
}

/** How a node's layer may be divided; `undefined` if it cannot be. */
export function tilingChoices(model: Model, name: string): TilingChoices | undefined {
  const layer = layerOf(model, name, false);
  if (layer === undefined) return undefined;
  const inBands = layerOf(model, name, true);
  return { channels: channelParts(layer), bands: inBands?.type.shape[rowAxis] ?? 1 };
}

/** A group of channels stays whole or is divided like all others, so that each tile reads one box of its input. */
function channelParts({ type, axis, group }: Layer): number[] {
  const each = (type.shape[axis] ?? 1) / group;
  return [
    ...Array.from({ length: group }, (_, index) => index + 1),
    ...Array.from({ length: each - 1 }, (_, index) => group * (index + 2)),
  ];
}

/**
 * The layer to divide, and its tiles: channels first, then rows from the top.
 *
 * @throws TesseraError `USAGE` for a layer that cannot be divided, or not into so many parts
 */
export function layOut(model: Model, tiling: Tiling): { layer: Layer; tiles: Tile[] } {
  const { layer: name, channels, bands = 1 } = tiling;
  const layer = layerOf(model, name, bands > 1);
  if (layer === undefined) {
    throw new TesseraError('USAGE', {
      message: `${name} is no layer that can be divided into tiles${bands > 1 ? ' of rows' : ''}`,
      remedy: 'Name a convolution, or a Gemm or MatMul, with constant weights.',
      details: { layer: name },
    });
  }
  const possible = channelParts(layer);
  const height = bands > 1 ? (layer.type.shape[rowAxis] ?? 1) : 1;
  if (!possible.includes(channels) || !Number.isInteger(bands) || bands < 1 || bands > height) {
    throw new TesseraError('USAGE', {
      message: `${name} cannot be divided into ${channels} parts of its channels and ${bands} of its rows`,
      remedy: `It has ${layer.type.shape[layer.axis]} channels in ${layer.group} groups, and ${height} rows.`,
      details: { layer: name, channels, bands },
    });
  }
  const rows = bands > 1 ? divideEvenly(height, bands) : [undefined];
  const tiles = channelStretches(layer, channels).flatMap((stretch) =>
    rows.map((band): Tile => {
      const box = boxOf(layer, stretch, band);
      return { channels: stretch, box, ...(band === undefined ? {} : { rows: band }) };
    }),
  );
  return { layer, tiles };
}

function channelStretches({ type, axis, group }: Layer, parts: number): Stretch[] {
  const each = (type.shape[axis] ?? 1) / group;
  if (parts <= group) {
    return divideEvenly(group, parts).map(({ start, size }) => ({ start: start * each, size: size * each }));
  }
  return Array.from({ length: group }, (_, index) => index).flatMap((index) =>
    divideEvenly(each, parts / group).map(({ start, size }) => ({ start: index * each + start, size })),
  );
}

function boxOf({ type, axis }: Layer, channels: Stretch, rows: Stretch | undefined): Box {
  const pick = (of: 'start' | 'size', whole: (size: number) => number) =>
    type.shape.map((size, index) => {
      if (index === axis) return channels[of];
      return index === rowAxis && rows !== undefined ? rows[of] : whole(size);
    });
  return { start: pick('start', () => 0), size: pick('size', (size) => size) };
}
