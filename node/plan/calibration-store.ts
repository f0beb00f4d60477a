import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { FloatRange } from '../provers/circuit/index.ts';
import type { AppliedRewrite } from './rewrites/index.ts';

/** What ranges are of: a model under its rewrites, which change what tensors of one name hold. */
export interface CalibratedModel {
  /** sha2-256 of the model's files. */
  model: Hex32;
  rewrites: readonly AppliedRewrite[];
}

/**
 * What inputs of each model have shown so far, so that circuits and keys made for one serve the next. Inputs of very
 * different sizes, such as pixels from 0 to 1 and from 0 to 255, are kept apart: ranges that hold both leave the
 * smaller too few bits.
 */
export interface CalibrationStore {
  /**
   * The ranges that hold these: kept ones if they do, or else wider ones.
   *
   * @param inputs tensors of the model that are given and not computed: what sizes are told by
   */
  widened(
    of: CalibratedModel,
    seen: ReadonlyMap<string, FloatRange>,
    inputs: readonly string[],
  ): Promise<WidenedRanges>;
  /**
   * Puts what samples of the user's own showed in the place of all that is kept of the model.
   *
   * @throws TesseraError `STORAGE_FAILED`
   */
  settle(of: CalibratedModel, calibration: SampledCalibration): Promise<void>;
  /** What is kept, a model under its rewrites each, the one that was used longest ago first. */
  list(): Promise<KeptCalibration[]>;
  /**
   * Forgets all of it.
   *
   * @returns what was kept
   * @throws TesseraError `STORAGE_FAILED`
   */
  clear(): Promise<KeptCalibration[]>;
}

export interface SampledCalibration {
  ranges: ReadonlyMap<string, FloatRange>;
  /** Of the model's inputs in Tessera's own circuits. */
  inputBits: number;
}

export interface KeptCalibration {
  /** Digest of the model and its rewrites. */
  key: Hex32;
  bytes: number;
  lastUsed: Date;
}

export interface WidenedRanges {
  ranges: ReadonlyMap<string, FloatRange>;
  /** Where samples settled them. */
  inputBits?: number;
  /** Where the input is not of the size of those that the model usually gets. */
  unusual?: UnusualSize;
  /**
   * Keeps them for the inputs to come. To be called once circuits have been made with them: a range that one absurd
   * input asked for would stay.
   *
   * @throws TesseraError `STORAGE_FAILED`
   */
  keep(): Promise<void>;
}

/** How many times larger or smaller an input is than what the model has seen. */
export interface UnusualSize {
  times: number;
  than: 'larger' | 'smaller';
}

/** By how much of its extent a range grows when it has to, so that it need not grow again soon. */
const growth = 0.25;

/** An input that reaches this many times further than the others has ranges of its own: theirs would lose two bits. */
const mostLarger = 4;

/** So has one that is this many times smaller: of the 7 bits of an input it would have 3. */
const mostSmaller = 16;

/** What inputs of about one size have shown of a model. */
interface SizeClass {
  ranges: ReadonlyMap<string, FloatRange>;
  /** How many they were. */
  inputs: number;
  /** Where samples settled the ranges. */
  inputBits?: number | undefined;
}

/** @param directory one small file a model */
export function openCalibrationStore(directory: string): CalibrationStore {
  const pathOf = (of: CalibratedModel) =>
    join(directory, `${createHash('sha256').update(JSON.stringify(of)).digest('hex')}.json`);
  const list = async (): Promise<KeptCalibration[]> => {
    const kept: KeptCalibration[] = [];
    for (const name of await readdir(directory).catch(nothingThere)) {
      const [, key] = /^([0-9a-f]{64})\.json$/.exec(name) ?? [];
      if (key === undefined) continue;
      const { size, mtime } = await stat(join(directory, name));
      kept.push({ key, bytes: size, lastUsed: mtime });
    }
    return kept.sort((a, b) => a.lastUsed.getTime() - b.lastUsed.getTime());
  };
  return {
    async widened(of, seen, inputs) {
      const path = pathOf(of);
      const known = await read(path);
      const own = classOf(known, seen, inputs);
      const grown = own === undefined || !isHeld(own, seen);
      const ranges = grown
        ? new Map([...seen].map(([tensor, range]) => [tensor, widen(own?.ranges.get(tensor), range)]))
        : own.ranges;
      const counted: SizeClass = { ...own, ranges, inputs: (own?.inputs ?? 0) + 1 };
      const unusual = unusualSize(known, own, seen, inputs);
      return {
        ranges,
        ...(own?.inputBits === undefined ? {} : { inputBits: own.inputBits }),
        ...(unusual === undefined ? {} : { unusual }),
        keep: () => write(path, [...known.filter((other) => other !== own), counted]),
      };
    },
    settle: (of, { ranges, inputBits }) => write(pathOf(of), [{ ranges, inputs: 1, inputBits }]),
    list,
    async clear() {
      const kept = await list();
      try {
        for (const { key } of kept) await rm(join(directory, `${key}.json`), { force: true });
      } catch (cause) {
        throw new TesseraError('STORAGE_FAILED', {
          message: `The calibrations in ${directory} cannot be removed`,
          remedy: 'Make the data directory writable.',
          cause,
        });
      }
      return kept;
    },
  };
}

/** The class of an input's size: one that holds it already, or else the one of most inputs. */
function classOf(
  known: readonly SizeClass[],
  seen: SizeClass['ranges'],
  inputs: readonly string[],
): SizeClass | undefined {
  return known
    .filter(({ ranges }) => {
      const { larger, smaller } = sizeBeside(ranges, seen, inputs);
      return larger <= mostLarger && smaller <= mostSmaller;
    })
    .sort((a, b) => Number(isHeld(b, seen)) - Number(isHeld(a, seen)) || b.inputs - a.inputs)[0];
}

/** Nothing for an input of the usual class: the one that samples settled, or that most inputs are of. */
function unusualSize(
  known: readonly SizeClass[],
  own: SizeClass | undefined,
  seen: SizeClass['ranges'],
  inputs: readonly string[],
): UnusualSize | undefined {
  const [usual] = [...known].sort(
    (a, b) => Number(b.inputBits !== undefined) - Number(a.inputBits !== undefined) || b.inputs - a.inputs,
  );
  if (usual === undefined || usual === own) return undefined;
  const { larger, smaller } = sizeBeside(usual.ranges, seen, inputs);
  // Beside zeros nothing has a size.
  if (larger > mostLarger) return Number.isFinite(larger) ? { times: larger, than: 'larger' } : undefined;
  return smaller > mostSmaller ? { times: smaller, than: 'smaller' } : undefined;
}

/** How many times larger some input tensor is than its range, and how many times smaller all are; zeros fit any. */
function sizeBeside(ranges: SizeClass['ranges'], seen: SizeClass['ranges'], inputs: readonly string[]) {
  const ratios = inputs.flatMap((name) => {
    const size = magnitude(seen.get(name));
    return size === 0 ? [] : [size / magnitude(ranges.get(name))];
  });
  return { larger: Math.max(0, ...ratios), smaller: ratios.length === 0 ? 1 : 1 / Math.max(...ratios) };
}

const magnitude = ({ min, max }: FloatRange = { min: 0, max: 0 }): number =>
  Math.max(Math.abs(min), Math.abs(max));

const isHeld = ({ ranges }: SizeClass, seen: SizeClass['ranges']): boolean =>
  [...seen].every(([tensor, range]) => holds(ranges.get(tensor), range));

function nothingThere(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

async function write(path: string, classes: readonly SizeClass[]): Promise<void> {
  const kept = classes.map(({ ranges, ...rest }) => ({ ...rest, ranges: Object.fromEntries(ranges) }));
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, JSON.stringify(kept));
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The calibration cannot be kept in ${dirname(path)}`,
      remedy: 'Make the data directory writable.',
      cause,
    });
  }
}

const keptRanges = z
  .record(z.string(), z.object({ min: z.number(), max: z.number() }))
  .transform((ranges) => new Map(Object.entries(ranges)));
const keptClasses = z.array(
  z.object({ ranges: keptRanges, inputs: z.int().min(1), inputBits: z.int().optional() }),
);
/** Ranges alone, of inputs of one size. */
const keptAlone = keptRanges.transform((ranges) => [{ ranges, inputs: 1 }]);

/** What is kept at a path; nothing where that is no calibration. */
async function read(path: string): Promise<readonly SizeClass[]> {
  let kept: unknown;
  try {
    kept = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return z.union([keptClasses, keptAlone]).safeParse(kept).data ?? [];
}

function holds(known: FloatRange | undefined, { min, max }: FloatRange): boolean {
  return known !== undefined && known.min <= min && max <= known.max;
}

/** Around both ranges, and further out on the sides that had to move; a range never crosses zero by growing. */
function widen(known: FloatRange | undefined, seen: FloatRange): FloatRange {
  const base = known ?? seen;
  const grow = (value: number) => value * (1 + growth);
  const min =
    known !== undefined && known.min <= seen.min ? base.min : seen.min < 0 ? grow(seen.min) : seen.min;
  const max =
    known !== undefined && seen.max <= known.max ? base.max : seen.max > 0 ? grow(seen.max) : seen.max;
  return { min, max };
}
