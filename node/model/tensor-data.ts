import { Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../protocol/errors.ts';
import { elementCount } from './element.ts';
import type { ElementType, TensorType } from './model.ts';

/** Ranges of the integer types that fit a double; 64-bit ones are bigints. */
const integerRange: Partial<Record<ElementType, readonly [number, number]>> = {
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  bool: [0, 1],
};

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/**
 * A tensor of a model's type from plain numbers.
 *
 * @param values row-major; truth values count as 0 and 1; NaN and infinities stay what they are
 * @throws TesseraError `INPUT_INVALID` for a wrong count, a fraction in an integer tensor, a value beyond the type's
 *   range, or a type that inputs cannot have
 */
export function tensorOf(name: string, type: TensorType, values: ArrayLike<number | bigint>): Tensor {
  const { element, shape } = type;
  const invalid = (message: string) =>
    new TesseraError('INPUT_INVALID', {
      message: `Tensor ${name}: ${message}`,
      remedy: 'Give as many numbers as its shape has, of the type that the model takes.',
      details: { tensor: name },
    });
  const count = elementCount(shape);
  if (values.length !== count) {
    throw invalid(`${values.length} values for the shape [${shape}], which has ${count}`);
  }
  if (element === 'int64' || element === 'uint64') {
    const wide = Array.from(values, (value) => {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        throw invalid(`${value} is no exact integer`);
      return BigInt(value);
    });
    const wrap = element === 'int64' ? BigInt.asIntN : BigInt.asUintN;
    const over = wide.find((value) => wrap(64, value) !== value);
    if (over !== undefined) throw invalid(`${over} does not fit ${element}`);
    return element === 'int64'
      ? new Tensor('int64', BigInt64Array.from(wide), shape)
      : new Tensor('uint64', BigUint64Array.from(wide), shape);
  }
  if (!(element in arrays)) throw invalid(`tensors of ${element} cannot be given`);
  const numbers = Float64Array.from(values, Number);
  const range = integerRange[element];
  if (range !== undefined) {
    const wrong = numbers.find((value) => !Number.isInteger(value) || value < range[0] || value > range[1]);
    if (wrong !== undefined) throw invalid(`${wrong} is no ${element}`);
  }
  const data = arrays[element as keyof typeof arrays].from(numbers);
  const over = data.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(numbers[i]));
  if (over >= 0) throw invalid(`${numbers[over]} does not fit ${element}`);
  return new Tensor(element as 'float32', data as Float32Array, shape);
}

/** A tensor's elements as doubles; 64-bit integers beyond 2^53 are rounded. */
export function doublesOf(tensor: Tensor): Float64Array {
  return Float64Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
