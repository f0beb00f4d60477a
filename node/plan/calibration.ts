import { TesseraError } from '../../protocol/errors.ts';
import type { NamedTensors } from '../model/inference.ts';
import type { RunOptions } from '../progress.ts';
import { calibrate, type FloatRange, openFloatRunner } from '../provers/circuit/index.ts';
import type { CutModel } from './cut.ts';

/**
 * What sample inputs show of every computed tensor, in floats: the scales and intervals of Tessera's own circuits
 * follow from it, so every input of a kind that will be proven should be like one of the samples. All tiles of a tensor
 * have the range of the whole, so that they agree on its type.
 *
 * @throws TesseraError `INPUT_INVALID` for a model with an input that is not of float32
 */
export async function calibrateModel(
  { rewritten: model, origins }: Pick<CutModel, 'rewritten' | 'origins'>,
  samples: readonly NamedTensors[],
  { signal, onProgress }: RunOptions = {},
): Promise<Map<string, FloatRange>> {
  const floats = samples.map(
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
  const runner = await openFloatRunner(model);
  try {
    const ranges = await calibrate(runner, floats, {
      ...(signal ? { signal } : {}),
      onProgress: (done) =>
        onProgress?.({ type: 'stage', stage: 'plan', done, total: floats.length, detail: 'calibration' }),
    });
    for (const [tensor, origin] of origins) {
      const range = ranges.get(origin);
      if (range !== undefined) ranges.set(tensor, range);
    }
    return ranges;
  } finally {
    await runner.close();
  }
}
