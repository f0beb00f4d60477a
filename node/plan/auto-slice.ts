import { TesseraError } from '../../protocol/errors.ts';
import { showMemory } from '../memory.ts';
import type { Model } from '../model/model.ts';
import { type DirectStrategy, dependencies, type Limits } from '../model/slice/index.ts';
import { sliceTiled, type TiledModel, type TiledSlicing, tileModel } from '../model/tile/index.ts';
import { type Estimator, fits, groupEstimator } from './auto-slice/estimator.ts';
import { mergeWhileCheaper } from './auto-slice/merge.ts';
import { type Oversize, type Units, unitsOf, withJoints } from './auto-slice/units.ts';

export type { Estimator, SegmentEstimate } from './auto-slice/estimator.ts';

/** A model cut as is expected to be cheapest. */
export interface PlannedSlicing extends TiledSlicing {
  /** Cuts the model so again: what a recipe keeps. */
  strategy: DirectStrategy;
}

/**
 * Cuts a model so that every segment obeys the limits and all of them together are expected to take little time: a
 * layer that is above a limit by itself is divided into the fewest tiles that are not, each a segment; all else starts
 * apart, and neighbours are merged while that is no slower. The same model, limits and estimates give the same slicing.
 *
 * @throws TesseraError `USAGE` naming the limit, the layers and the nearest limit that can be met; `UNPROVABLE`;
 *   `ABORTED`
 */
export function sliceToLimits(
  model: Model,
  limits: Limits,
  estimate: Estimator,
  { signal }: { signal?: AbortSignal } = {},
): PlannedSlicing {
  const units = unitsOf(model, limits, estimate, signal);
  refuseOversize(units.oversize, limits);
  const tiled = tileModel(model, units.tilings);
  const estimateGroup = groupEstimator(tiled.model, estimate, signal);
  const { label, alone } = startingGroups(tiled, units);
  const links = dependencies(tiled.model);
  const segments = mergeWhileCheaper(links, label, alone, limits, estimateGroup);
  // Of a layer's tiles not all have been tried: groups may read more blocks than the first.
  const grown = segments.flatMap((nodes): Oversize[] => {
    const least = estimateGroup(nodes);
    const name = tiled.model.nodes[nodes[0] ?? 0]?.name ?? '';
    return least === undefined || fits(least, limits) ? [] : [{ name, least }];
  });
  refuseOversize(grown, limits);
  const strategy: DirectStrategy = { kind: 'segments', segments, tiles: units.tilings };
  return { ...sliceTiled(model, strategy, () => 0), strategy };
}

/** Every unit and tile of a tiled model as a group of its own; what joins blocks is with the node it joins them for. */
function startingGroups(tiled: TiledModel, { units }: Units): { label: number[]; alone: Set<number> } {
  const label = tiled.model.nodes.map((_, index) => index);
  const together = (nodes: readonly number[]): number => {
    const group = Math.min(...nodes);
    for (const node of nodes) label[node] = group;
    return group;
  };
  const placed = withJoints(tiled);
  for (const unit of units) together(unit.flatMap((name) => placed.get(name) ?? []));
  return { label, alone: new Set(tiled.tiles.map(together)) };
}

function refuseOversize(oversize: readonly Oversize[], limits: Limits): void {
  const [first] = oversize;
  if (first === undefined) return;
  const names = oversize.map(({ name }) => name);
  const memory = Math.max(...oversize.map(({ least }) => least.memory));
  const rows = Math.max(...oversize.map(({ least }) => least.constraints));
  const isOver = {
    memory: limits.memory !== undefined && memory > limits.memory,
    rows: limits.rows !== undefined && rows > limits.rows,
  };
  const nearest = [
    ...(isOver.memory ? [`memory=${Math.ceil(memory / 2 ** 20)}MiB`] : []),
    ...(isOver.rows ? [`rows=${rows}`] : []),
  ];
  const asked = [
    ...(isOver.memory ? [`${showMemory(limits.memory ?? 0)} of memory`] : []),
    ...(isOver.rows ? [`${limits.rows} rows`] : []),
  ];
  throw new TesseraError('USAGE', {
    message: `No segment with ${names.slice(0, 5).join(', ')} stays within ${asked.join(' and ')}, however it is divided`,
    remedy: `The nearest limit that can be met is ${nearest.join(',')}.`,
    details: { layers: names, limits, nearest: { memory, rows } },
  });
}
