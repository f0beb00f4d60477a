import { parse } from 'npyjs';
import { TesseraError } from '../../../protocol/errors.ts';
import type { FileTensor } from './contents.ts';

/**
 * One array in NumPy's format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 *
 * @param what the file, or the place in it, for messages
 * @throws TesseraError `INPUT_INVALID` for anything else, and for arrays in Fortran order
 */
export function parseNpy(what: string, bytes: Uint8Array): FileTensor {
  let array: ReturnType<typeof parse>;
  try {
    array = parse(new Uint8Array(bytes).buffer);
  } catch (cause) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${what} is not a NumPy array`,
      remedy: 'Write it with numpy.save.',
      cause,
    });
  }
  if (array.fortranOrder) {
    throw new TesseraError('INPUT_INVALID', {
      message: `${what} is in Fortran order`,
      remedy: 'Save it with numpy.ascontiguousarray.',
    });
  }
  return {
    shape: array.shape,
    values: array.data as ArrayBufferView & ArrayLike<number | bigint>,
    dtype: array.dtype,
  };
}
