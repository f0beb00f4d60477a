import { Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../../../protocol/errors.ts';
import { throwIfAborted } from '../../../abort.ts';
import type { Model } from '../../../model/model.ts';
import { encodeModel } from '../../../model/onnx/encode.ts';
import { openPlainSession } from '../../../model/ort.ts';
import { comparedTensor, poolDifferences } from './pool-differences.ts';
import type { FloatRange } from './scale.ts';

/** One set of inputs, by name; float32, row-major. */
export type FloatInputs = ReadonlyMap<string, Float32Array>;

/** Values of tensors by name. */
export type FloatValues = ReadonlyMap<string, Float32Array>;

/** Runs a float model and gives the values of its inputs and of the tensors that it was opened for. */
export interface FloatRunner {
  readonly model: Model;
  run(inputs: FloatInputs): Promise<FloatValues>;
  close(): Promise<void>;
}

/**
 * Opens a runner in ONNX Runtime.
 *
 * @param names computed tensors to give the values of, of which those of float32 are; all of them unless given
 */
export async function openFloatRunner(
  model: Model,
  names: readonly string[] = model.nodes.flatMap((node) => node.outputs),
): Promise<FloatRunner> {
  const outputs = names.filter((name) => model.types.get(name)?.element === 'float32');
  const session = await openPlainSession(await encodeModel({ ...model, outputs }));
  return {
    model,
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const name of model.inputs) {
        const values = inputs.get(name);
        const shape = model.types.get(name)?.shape ?? [];
        if (values === undefined || values.length !== shape.reduce((product, size) => product * size, 1)) {
          throw new TesseraError('INPUT_INVALID', {
            message: `Input ${name} is missing or not of shape [${shape.join(', ')}]`,
            remedy: 'Give every input of the model in its own shape.',
          });
        }
        feeds[name] = new Tensor('float32', values, [...shape]);
      }
      const results = await session.run(feeds);
      const values = new Map<string, Float32Array>(inputs);
      for (const name of outputs) values.set(name, results[name]?.data as Float32Array);
      return values;
    },
    close: () => session.release(),
  };
}

/**
 * The range of every computed tensor over sample inputs, and of the differences within the windows of every pooling,
 * under the names of `pool-differences.ts`.
 * @throws TesseraError `ABORTED`, or `INPUT_INVALID` when there is no sample.
 */
export async function calibrate(
  runner: FloatRunner,
  samples: Iterable<FloatInputs>,
  options: { signal?: AbortSignal; onProgress?: (samples: number) => void } = {},
): Promise<Map<string, FloatRange>> {
  const ranges = new Map<string, FloatRange>();
  let count = 0;
  for (const sample of samples) {
    throwIfAborted(options.signal);
    const run = await runner.run(sample);
    for (const [name, values] of run) {
      const range = ranges.get(name) ?? { min: Infinity, max: -Infinity };
      for (const value of values) {
        if (value < range.min) range.min = value;
        if (value > range.max) range.max = value;
      }
      ranges.set(name, range);
    }
    for (const node of runner.model.nodes.filter(({ operator }) => operator === 'MaxPool')) {
      const compared = run.get(comparedTensor(runner.model, node));
      if (compared === undefined) continue;
      for (const [name, { max }] of poolDifferences(runner.model, node, compared)) {
        ranges.set(name, { min: 0, max: Math.max(max, ranges.get(name)?.max ?? 0) });
      }
    }
    count++;
    options.onProgress?.(count);
  }
  if (count === 0) {
    throw new TesseraError('INPUT_INVALID', {
      message: 'Calibration was given no sample',
      remedy: 'Give at least one input of the kind that will be proven.',
    });
  }
  return ranges;
}
