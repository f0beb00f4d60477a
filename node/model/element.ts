import { elementCount } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { ElementType } from './model.ts';

/** Bytes of one element in memory, little-endian; strings have no fixed size. */
const sizes: Readonly<Record<Exclude<ElementType, 'string'>, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

/** Elements that one tensor may have: far above any real one, and exact in a double. */
const MAX_ELEMENTS = 2 ** 40;

/**
 * Bytes of one element.
 * @throws TesseraError MODEL_INVALID for strings, which have no fixed size.
 */
export function elementBytes(element: ElementType): number {
  if (element === 'string') {
    throw new TesseraError('MODEL_INVALID', { message: 'A string tensor is used where numbers are needed.' });
  }
  return sizes[element];
}

/** Whether a shape is one a tensor can have: whole non-negative dims, at most `MAX_ELEMENTS` elements. */
export function isShape(shape: readonly number[]): boolean {
  return shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) && elementCount(shape) <= MAX_ELEMENTS;
}

export { elementCount };
