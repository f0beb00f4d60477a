import { Tensor } from 'onnxruntime-node';
import { infer } from '../node/model/inference.ts';
import type { Model } from '../node/model/model.ts';

/** What circuits give for one input: the integers of the model's one output. */
export type CircuitOutput = (input: Float32Array) => Promise<ArrayLike<number> | readonly bigint[]>;

/** The share of samples whose class, the place of the largest output, is the float model's. */
export async function sameClass(
  model: Model,
  samples: readonly Float32Array[],
  run: CircuitOutput,
  signal: AbortSignal,
): Promise<number> {
  let same = 0;
  for (const sample of samples) {
    if (largestAt(await run(sample)) === (await floatClass(model, sample, signal))) same += 1;
  }
  return same / samples.length;
}

async function floatClass(model: Model, sample: Float32Array, signal: AbortSignal): Promise<number> {
  const [input = ''] = model.inputs;
  const shape = model.types.get(input)?.shape ?? [];
  const outputs = await infer(model, new Map([[input, new Tensor('float32', sample, [...shape])]]), signal);
  return largestAt(outputs.get(model.outputs[0] ?? '')?.data as Float32Array);
}

function largestAt(values: ArrayLike<number> | readonly bigint[]): number {
  let place = 0;
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] as number | bigint) > (values[place] as number | bigint)) place = i;
  }
  return place;
}
