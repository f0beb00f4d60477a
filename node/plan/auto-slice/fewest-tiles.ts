import type { Model } from '../../model/model.ts';
import type { Limits } from '../../model/slice/index.ts';
import { type Tiling, tileModel, tilingChoices } from '../../model/tile/index.ts';
import { type Estimator, fits, groupEstimator, type SegmentEstimate } from './estimator.ts';

/** A way to divide a layer, and the largest estimates among its tiles. */
interface Trial {
  tiling: Tiling;
  /** `undefined` when no prover supports a tile. */
  largest: SegmentEstimate | undefined;
}

/** Bands that are tried where channels are not enough, besides one a row. */
const triedBands = 32;

/**
 * The division of a layer into the fewest tiles that each obey the limits: of its channels, or where these are not
 * enough, of its channels and rows.
 *
 * @param earlier tilings of layers before it, whose blocks its tiles then read
 * @returns a `tiling` and the `seconds` that all its tiles may take together; when none obeys, `least` is the estimate
 *   nearest to the limits, if a prover supports any
 */
export function fewestTiles(
  { model, earlier, layer }: { model: Model; earlier: readonly Tiling[]; layer: string },
  limits: Limits,
  estimate: Estimator,
  signal?: AbortSignal,
): { tiling?: Tiling; seconds?: number; least?: SegmentEstimate } {
  const choices = tilingChoices(model, layer);
  if (choices === undefined) return {};
  const trials: Trial[] = [];
  const attempt = (channels: number, bands: number): Trial => {
    const tiling = { layer, channels, ...(bands > 1 ? { bands } : {}) };
    const trial = { tiling, largest: largestTile(model, [...earlier, tiling], estimate, signal) };
    trials.push(trial);
    return trial;
  };
  const obeys = ({ largest }: Trial) => largest !== undefined && fits(largest, limits);

  const inBands = [
    ...Array.from({ length: Math.min(triedBands, choices.bands) }, (_, i) => i + 1),
    choices.bands,
  ];
  let best: Trial | undefined;
  for (const bands of new Set(inBands)) {
    const most = best === undefined ? Number.POSITIVE_INFINITY : countOf(best.tiling);
    const fewer = choices.channels.filter((parts) => parts * bands < most);
    const channels = firstThat(fewer, (parts) => {
      const isWhole = parts === 1 && bands === 1;
      return !isWhole && obeys(attempt(parts, bands));
    });
    const found = trials.find(({ tiling }) => tiling.channels === channels && (tiling.bands ?? 1) === bands);
    if (found !== undefined) best = found;
    if (best !== undefined && (bands === 1 || countOf(best.tiling) <= bands + 1)) break;
  }
  if (best !== undefined) {
    return { tiling: best.tiling, seconds: (best.largest?.seconds ?? 0) * countOf(best.tiling) };
  }
  const [least] = trials
    .flatMap(({ largest }) => largest ?? [])
    .sort((a, b) => excess(a, limits) - excess(b, limits));
  return least === undefined ? {} : { least };
}

const countOf = ({ channels, bands = 1 }: Tiling) => channels * bands;

/** The first of ascending numbers for which something holds that holds for all after it; by halving. */
function firstThat(numbers: readonly number[], holds: (value: number) => boolean): number | undefined {
  let [low, high] = [0, numbers.length - 1];
  const last = numbers[high];
  if (last === undefined || !holds(last)) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(numbers[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return numbers[high];
}

/**
 * The most that a tile of the last of these layers takes. Its tiles differ in what they read, by rows, and in size, by
 * channels, where the first are the largest: so those of the first channels are all that count.
 */
function largestTile(
  model: Model,
  tilings: readonly Tiling[],
  estimate: Estimator,
  signal: AbortSignal | undefined,
): SegmentEstimate | undefined {
  const tiled = tileModel(model, tilings);
  const estimateGroup = groupEstimator(tiled.model, estimate, signal);
  const { channels, bands = 1 } = tilings.at(-1) ?? { channels: 1 };
  const own = tiled.tiles.slice(-channels * bands).slice(0, bands);
  let largest: SegmentEstimate | undefined;
  for (const nodes of own) {
    const tile = estimateGroup(nodes);
    if (tile === undefined) return undefined;
    largest = {
      ...(largest ?? tile),
      memory: Math.max(largest?.memory ?? 0, tile.memory),
      constraints: Math.max(largest?.constraints ?? 0, tile.constraints),
    };
  }
  return largest;
}

/** How many times a limit is exceeded, at most 1 where none is. */
function excess({ memory, constraints }: SegmentEstimate, limits: Limits): number {
  return Math.max(
    memory / (limits.memory ?? Number.POSITIVE_INFINITY),
    constraints / (limits.rows ?? Number.POSITIVE_INFINITY),
  );
}
