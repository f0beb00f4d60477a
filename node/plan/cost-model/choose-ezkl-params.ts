import { TesseraError } from '../../../protocol/errors.ts';
import type { Model } from '../../model/model.ts';
import { defaultEzklParams, type EzklParams } from '../../provers/ezkl/parameters.ts';
import { columnBlocks, reservedRows } from './ezkl-columns.ts';
import { ezklCost } from './ezkl-cost.ts';
import type { SegmentPorts } from './ezkl-rows.ts';
import { ezklSize } from './ezkl-size.ts';
import type { SegmentCost } from './segment-cost.ts';

export interface PlannedSegment {
  /** For messages. */
  id?: string;
  model: Model;
  ports: SegmentPorts;
}

export interface EzklLimits {
  /** Bytes that one prover process may use, setting up or proving. */
  memory?: number;
  /** Rows that the layout of one segment may have. */
  rows?: number;
  /** Fractional bits of inputs and weights. */
  scale: number;
}

/** Digits that hold values up to 2^30, as the default ones do: fewer digits need a larger circuit for their table. */
const digits: readonly Pick<EzklParams, 'decompBase' | 'decompLegs'>[] = [
  { decompBase: defaultEzklParams.decompBase, decompLegs: defaultEzklParams.decompLegs },
  { decompBase: 2 ** 15, decompLegs: 2 },
];
const innerColumns = [1, 2, 3, 4] as const;
const largestK = 20;
/** Above this, what verifying takes on chain and the length of a proof grow with little gain for the prover. */
const preferredBlocks = 8;

/** One choice for all segments, and what it makes of them. */
interface Candidate {
  params: EzklParams;
  costs: readonly SegmentCost[];
  seconds: number;
  /** The most that any segment takes. */
  bytes: number;
  rows: number;
  blocks: number;
}

/**
 * Chooses ezkl's parameters for segments whose edges are linked, and which so have one k: those under which setting
 * up and proving all of them one after another is expected to take least, within the limits, among those whose layout
 * is repeated no more than eight times if there are such.
 *
 * @throws TesseraError `USAGE` when nothing stays within the limits, naming the limit, the segment and what would do
 */
export function chooseEzklParams(segments: readonly PlannedSegment[], limits: EzklLimits): EzklParams {
  const candidates = candidatesFor(segments, limits.scale);
  const best = bestWithin(candidates, limits);
  if (best === undefined) throw unmet(segments, candidates, limits);
  return best.params;
}

/** As {@link chooseEzklParams}, but `undefined` when nothing stays within the limits. */
export function findEzklParams(
  segments: readonly PlannedSegment[],
  limits: EzklLimits,
): EzklParams | undefined {
  return bestWithin(candidatesFor(segments, limits.scale), limits)?.params;
}

function bestWithin(candidates: readonly Candidate[], limits: EzklLimits): Candidate | undefined {
  const { memory = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY } = limits;
  return candidates
    .filter((candidate) => candidate.bytes <= memory && candidate.rows <= rows)
    .reduce<Candidate | undefined>(
      (best, candidate) => (best === undefined || compare(candidate, best) < 0 ? candidate : best),
      undefined,
    );
}

/** Not too many columns first, then less time; where that is equal, less memory, then a smaller circuit. */
function compare(a: Candidate, b: Candidate): number {
  const columns = (candidate: Candidate) => Math.max(preferredBlocks, candidate.blocks);
  return columns(a) - columns(b) || a.seconds - b.seconds || a.bytes - b.bytes || a.params.k - b.params.k;
}

function candidatesFor(segments: readonly PlannedSegment[], scale: number): Candidate[] {
  return digits.flatMap((digit) =>
    innerColumns.flatMap((columns) => {
      const layout = { ...digit, scale, innerColumns: columns };
      const sizes = segments.map(({ model, ports }) => ezklSize(model, ports, layout));
      const cells = Math.max(digit.decompBase, ...sizes.map(({ instances }) => instances));
      const least = Math.ceil(Math.log2(cells + reservedRows));
      return Array.from({ length: Math.max(0, largestK + 1 - least) }, (_, i) => {
        const params = { ...layout, k: least + i };
        const costs = sizes.map((size) => ezklCost(size, params));
        return {
          params,
          costs,
          seconds: costs.reduce((sum, cost) => sum + cost.setupSeconds + cost.proveSeconds, 0),
          bytes: Math.max(0, ...costs.map(peakBytes)),
          rows: Math.max(0, ...costs.map(({ constraints }) => constraints)),
          blocks: Math.max(1, ...sizes.map(({ rows }) => columnBlocks(rows, params))),
        };
      });
    }),
  );
}

function peakBytes({ setupBytes, proveBytes }: SegmentCost): number {
  return Math.max(setupBytes, proveBytes);
}

function unmet(
  segments: readonly PlannedSegment[],
  candidates: readonly Candidate[],
  { memory, rows }: EzklLimits,
): TesseraError {
  const tooManyRows = (candidate: Candidate) => rows !== undefined && candidate.rows > rows;
  const byRows = candidates.every(tooManyRows);
  const [limit, show, allowed, measure] = byRows
    ? ([
        'rows',
        (n: number) => `${n} rows`,
        rows ?? 0,
        ({ constraints }: SegmentCost) => constraints,
      ] as const)
    : (['memory', wholeMebibytes, memory ?? 0, peakBytes] as const);
  const open = byRows ? candidates : candidates.filter((candidate) => !tooManyRows(candidate));
  const most = ({ costs }: Candidate) => Math.max(0, ...costs.map(measure));
  const [first, ...others] = open;
  if (first === undefined) {
    return new TesseraError('UNPROVABLE', {
      message: `A segment has more public values than ezkl's largest circuit has rows`,
      remedy: 'Commit its inputs and outputs (--commit), or cut the model elsewhere.',
    });
  }
  const nearest = others.reduce(
    (best, candidate) => (most(candidate) < most(best) ? candidate : best),
    first,
  );
  const needed = Math.ceil(most(nearest));
  const index = nearest.costs.findIndex((cost) => measure(cost) === most(nearest));
  const segment = segments[index]?.id ?? segments[index]?.model.name ?? '';
  return new TesseraError('USAGE', {
    message: `ezkl cannot prove ${segment} within ${show(allowed)}: the least is expected to be ${show(needed)}`,
    remedy: `Allow ${show(needed)}, or cut the model into smaller segments.`,
    details: { limit, allowed, needed, segment, params: nearest.params },
  });
}

/** Rounded up, so that it can be given as a limit. */
function wholeMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}MiB`;
}
