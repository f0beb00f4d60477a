import { TesseraError } from '../../protocol/errors.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { Model } from '../model/model.ts';
import type { RunOptions } from '../progress.ts';
import { calibrate, type FloatInputs, type FloatRange, openFloatRunner } from '../provers/circuit/index.ts';

/**
 * What sample inputs show of every computed tensor, in floats: the scales and intervals of Tessera's own circuits
 * follow from it, so every input of a kind that will be proven should be like one of the samples.
 *
 * @throws TesseraError `INPUT_INVALID` for a model with an input that is not of float32
 */
export async function calibrateModel(
  model: Model,
  samples: readonly NamedTensors[],
  { signal, onProgress }: RunOptions = {},
): Promise<Map<string, FloatRange>> {
  const floats = floatSamples(samples);
  const runner = await openFloatRunner(model);
  try {
    return await calibrate(runner, floats, {
      ...(signal ? { signal } : {}),
      onProgress: (done) =>
        onProgress?.({ type: 'stage', stage: 'plan', done, total: floats.length, detail: 'calibration' }),
    });
  } finally {
    await runner.close();
  }
}

/**
 * Adds the tensors of tiles: each has the range of the whole tensor that it is a part of, so that all agree on its type.
 *
 * @param origins the whole tensor, by the tile's
 */
export function tileRanges(
  ranges: ReadonlyMap<string, FloatRange>,
  origins: ReadonlyMap<string, string>,
): Map<string, FloatRange> {
  const all = new Map(ranges);
  for (const [tensor, origin] of origins) {
    const range = ranges.get(origin);
    if (range !== undefined) all.set(tensor, range);
  }
  return all;
}

/** @throws TesseraError `INPUT_INVALID` for a tensor that is not of float32 */
export function floatSamples(samples: readonly NamedTensors[]): FloatInputs[] {
  return samples.map(
    (sample) =>
      new Map(
        [...sample].map(([name, { data }]) => {
          if (data instanceof Float32Array) return [name, data] as const;
          throw new TesseraError('INPUT_INVALID', {
            message: `Input ${name} is not of float32, which calibration takes`,
            remedy: 'Choose --prover ezkl.',
            details: { tensor: name },
          });
        }),
      ),
  );
}
