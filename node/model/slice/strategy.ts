import { TesseraError } from '../../../protocol/errors.ts';
import type { Tiling } from '../tile/tiling.ts';
import { formatLimits, type Limits, parseLimits } from './limits.ts';
import { formatSegments, parseSegments } from './segment-list.ts';
import { formatTilings, parseTilings } from './tiling-list.ts';

/** A way to cut a model that needs nothing but the model. */
export type DirectStrategy =
  /** One segment for each node that multiplies tensors. */
  | { kind: 'layer' }
  /** This many segments of about equal cost. */
  | { kind: 'parts'; count: number }
  /** At these tensors. */
  | { kind: 'cuts'; tensors: readonly string[] }
  /** These layers in tiles, and then these nodes, by their numbers in the tiled model. What the plan finds is written so. */
  | { kind: 'segments'; segments: readonly (readonly number[])[]; tiles: readonly Tiling[] };

/** How a model is cut into segments. */
export type Strategy =
  | DirectStrategy
  /** As the plan finds cheapest, with every segment within these limits. */
  | { kind: 'limits'; limits: Limits };

/** How strategies are written, for help texts. */
export const strategyForms = 'auto, memory=SIZE, rows=N, layer, parts=N or cuts=TENSOR,TENSOR';

const remedy = `Give ${strategyForms}; N is from 1 on, SIZE for example 1.5GiB, and memory and rows may be joined by a comma.`;

/** Segments that one computation may have. */
const MAX_PARTS = 65536;

/**
 * Reads a strategy as it is written on the command line and in a certificate's recipe: `auto`, `memory=1.5GiB`,
 * `rows=30000`, `memory=2GiB,rows=30000`, `layer`, `parts=3`, `cuts=tensor,tensor`,
 * `segments=0-2,3+5,4 tiles=layer:4`.
 *
 * @throws TesseraError `USAGE` for anything else.
 */
export function parseStrategy(text: string): Strategy {
  const wrong = (message: string) =>
    new TesseraError('USAGE', { message, remedy, details: { strategy: text } });
  if (text === 'layer') return { kind: 'layer' };
  if (text === 'auto') return { kind: 'limits', limits: {} };
  if (/^(memory|rows)=/.test(text)) return { kind: 'limits', limits: parseLimits(text, wrong) };
  const [, kind, value = ''] = /^(parts|cuts|segments)=(.*)$/s.exec(text) ?? [];
  switch (kind) {
    case 'parts': {
      const count = /^[1-9][0-9]{0,4}$/.test(value) ? Number(value) : Number.NaN;
      if (!(count <= MAX_PARTS)) throw wrong(`${JSON.stringify(value)} is not a number of parts.`);
      return { kind: 'parts', count };
    }
    case 'cuts': {
      const tensors = value.split(',').map((name) => name.trim());
      if (tensors.includes('')) throw wrong(`A tensor's name is empty in ${text}.`);
      const twice = tensors.find((name, index) => tensors.indexOf(name) !== index);
      if (twice !== undefined) throw wrong(`Tensor ${twice} is named twice in ${text}.`);
      return { kind: 'cuts', tensors };
    }
    case 'segments': {
      const [segments = '', tiles, more] = value.split(' ');
      if (more !== undefined || (tiles !== undefined && !tiles.startsWith('tiles='))) {
        throw wrong(`Only tiles= may follow segments=, not ${JSON.stringify(tiles)}.`);
      }
      return {
        kind: 'segments',
        segments: parseSegments(segments, MAX_PARTS, wrong),
        tiles: tiles === undefined ? [] : parseTilings(tiles.slice('tiles='.length), wrong),
      };
    }
  }
  throw wrong(`${JSON.stringify(text)} is not a way to slice a model.`);
}

/**
 * Reads a strategy that needs nothing but the model, as a recipe holds it.
 *
 * @throws TesseraError `USAGE` for anything else, limits included.
 */
export function parseDirectStrategy(text: string): DirectStrategy {
  const strategy = parseStrategy(text);
  if (strategy.kind !== 'limits') return strategy;
  throw new TesseraError('USAGE', {
    message: `${text} is a limit, and needs the plan to find the segments.`,
    remedy: 'Give layer, parts=N, cuts=TENSOR,TENSOR, or the segments that a plan has found.',
    details: { strategy: text },
  });
}

/** A strategy as it is written on the command line; `parseStrategy` reads it back. */
export function formatStrategy(strategy: Strategy): string {
  switch (strategy.kind) {
    case 'layer':
      return 'layer';
    case 'parts':
      return `parts=${strategy.count}`;
    case 'cuts':
      return `cuts=${strategy.tensors.join(',')}`;
    case 'limits':
      return formatLimits(strategy.limits) || 'auto';
    case 'segments': {
      const tiles = strategy.tiles.length === 0 ? '' : ` tiles=${formatTilings(strategy.tiles)}`;
      return `segments=${formatSegments(strategy.segments)}${tiles}`;
    }
  }
}
