import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
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

/** What inputs of each model have shown so far, so that circuits and keys made for one serve the next. */
export interface CalibrationStore {
  /** The ranges that hold these: the kept ones if they do, or else wider ones. */
  widened(of: CalibratedModel, seen: ReadonlyMap<string, FloatRange>): Promise<WidenedRanges>;
}

export interface WidenedRanges {
  ranges: ReadonlyMap<string, FloatRange>;
  /**
   * Keeps them for the inputs to come. To be called once circuits have been made with them: a range that one absurd
   * input asked for would stay.
   *
   * @throws TesseraError `STORAGE_FAILED`
   */
  keep(): Promise<void>;
}

/** By how much of its extent a range grows when it has to, so that it need not grow again soon. */
const growth = 0.25;

/** @param directory one small file a model */
export function openCalibrationStore(directory: string): CalibrationStore {
  return {
    async widened(of, seen) {
      const name = createHash('sha256').update(JSON.stringify(of)).digest('hex');
      const path = join(directory, `${name}.json`);
      const known = await read(path);
      if (known !== undefined && [...seen].every(([tensor, range]) => holds(known.get(tensor), range)))
        return { ranges: known, keep: async () => {} };
      const ranges = new Map([...seen].map(([tensor, range]) => [tensor, widen(known?.get(tensor), range)]));
      return { ranges, keep: () => write(path, ranges) };
    },
  };
}

async function write(path: string, ranges: ReadonlyMap<string, FloatRange>): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, JSON.stringify(Object.fromEntries(ranges)));
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The calibration cannot be kept in ${dirname(path)}`,
      remedy: 'Make the data directory writable, or give samples: --calibrate FILE.',
      cause,
    });
  }
}

const keptRanges = z.record(z.string(), z.object({ min: z.number(), max: z.number() }));

/** What is kept at a path; nothing where that is no calibration. */
async function read(path: string): Promise<Map<string, FloatRange> | undefined> {
  let kept: unknown;
  try {
    kept = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { data } = keptRanges.safeParse(kept);
  return data === undefined ? undefined : new Map(Object.entries(data));
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
