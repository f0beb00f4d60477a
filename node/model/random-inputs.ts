import type { Tensor } from 'onnxruntime-node';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { elementCount } from './element.ts';
import type { NamedTensors } from './inference.ts';
import type { Model } from './model.ts';
import { tensorOf } from './tensor-data.ts';

/** Inputs of the model's shapes from a seed: floats uniform in [0, 1), integers and truth values 0 or 1. */
export function randomInputs(model: Model, seed: number): NamedTensors {
  const generator = xoroshiro128plus(seed);
  return new Map(
    model.inputs.map((name): [string, Tensor] => {
      const type = model.types.get(name) ?? { element: 'float32', shape: [] };
      const isFloat = type.element.startsWith('float');
      const values = Array.from({ length: elementCount(type.shape) }, () => {
        const value = uniformFloat64(generator);
        return isFloat ? value : Math.round(value);
      });
      return [name, tensorOf(name, type, values)];
    }),
  );
}
