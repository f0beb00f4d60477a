import { elementCount } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { NamedTensors } from './inference.ts';
import { tensorOf } from './tensor-data.ts';
import type { InputTypes, TensorFile } from './tensor-file.ts';

/** More samples than any calibration needs. */
const maximumSamples = 65_536;

/**
 * Several inputs of a model from one file: each tensor holds them one after the other, as along an axis before the
 * model's own or in place of its batch axis of 1.
 *
 * @throws TesseraError `INPUT_INVALID` when a tensor is missing, holds no whole number of inputs, or another number
 *   of them than the others
 */
export function samplesFrom(file: TensorFile, model: InputTypes): NamedTensors[] {
  const invalid = (message: string) =>
    new TesseraError('INPUT_INVALID', {
      message: `${file.path}: ${message}`,
      remedy: 'Give whole inputs of the model, one after the other, and as many of each.',
      details: { file: file.path },
    });
  const tensors = model.inputs.map((name) => {
    const found = file.named.get(name) ?? (model.inputs.length === 1 ? file.unnamed : undefined);
    const type = model.types.get(name);
    if (found === undefined || type === undefined) throw invalid(`there are no samples of input ${name}`);
    const size = elementCount(type.shape);
    const samples = found.values.length / size;
    if (!Number.isInteger(samples) || samples < 1 || samples > maximumSamples) {
      throw invalid(
        `${found.values.length} values of ${name} are not 1 to ${maximumSamples} inputs of ${size}`,
      );
    }
    return { name, type, size, samples, values: Array.from(found.values) };
  });
  const samples = tensors[0]?.samples ?? 0;
  const other = tensors.find((tensor) => tensor.samples !== samples);
  if (other !== undefined)
    throw invalid(`${other.samples} samples of ${other.name}, ${samples} of the others`);
  return Array.from({ length: samples }, (_, index) => {
    return new Map(
      tensors.map(({ name, type, size, values }) => [
        name,
        tensorOf(name, type, values.slice(index * size, (index + 1) * size)),
      ]),
    );
  });
}
