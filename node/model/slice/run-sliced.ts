import type { Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../../protocol/errors.ts';
import type { RunOptions } from '../../progress.ts';
import { infer, type NamedTensors } from '../inference.ts';
import type { Model } from '../model.ts';
import { constantResults, segmentModel } from './segment-model.ts';
import type { Slicing } from './slice.ts';

/**
 * Runs a model segment by segment; holds one session at a time, and a tensor only as long as a later segment reads it.
 *
 * @returns the model's outputs
 * @throws TesseraError `INPUT_INVALID` when an input is missing or the runtime refuses it, `ABORTED`
 */
export async function runSliced(
  model: Model,
  { segments }: Slicing,
  inputs: NamedTensors,
  { signal, onProgress }: RunOptions = {},
): Promise<NamedTensors> {
  const values = new Map(inputs);
  const constants = constantResults(model);
  if (constants !== undefined) {
    for (const [name, tensor] of await infer(constants, inputs, signal)) values.set(name, tensor);
  }
  const total = segments.length;
  const lastReader = new Map(segments.flatMap(({ inputs: reads }, at) => reads.map((name) => [name, at])));
  for (const [at, segment] of segments.entries()) {
    onProgress?.({ type: 'stage', stage: 'execute', done: at, total, detail: segment.id });
    const outputs = await infer(segmentModel(model, segment), values, signal);
    for (const [name, tensor] of outputs) values.set(name, tensor);
    for (const name of segment.inputs) {
      if (lastReader.get(name) === at && !model.outputs.includes(name)) values.delete(name);
    }
  }
  onProgress?.({ type: 'stage', stage: 'execute', done: total, total });
  return new Map(
    model.outputs.map((name): [string, Tensor] => {
      const tensor = values.get(name);
      if (tensor === undefined) {
        throw new TesseraError('INPUT_INVALID', {
          message: `${model.name} has no value for its input ${name}`,
        });
      }
      return [name, tensor];
    }),
  );
}
